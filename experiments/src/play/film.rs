//! A camera in front of an environment.
//!
//! A lifetime resets an environment as soon as an episode is over, so whoever looks from outside never sees the goal reached
//! or the pole fallen. The camera is a wrapper and takes its pictures before that.

use std::sync::{Arc, Mutex, PoisonError};
use vsml_envs::picture::Picture;
use vsml_envs::{Action, Environment, Rng, Step, forward_to_inner};

/// What was seen at one moment.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What the environment looked like.
    pub picture: Picture,
    /// Number of the episode, from 1.
    pub episode: u64,
    /// Step of the lifetime after which it was taken; 0 at its beginning.
    pub step: u64,
    /// Rewards so far, over all episodes.
    pub reward: f64,
}

impl Frame {
    /// A line about it.
    pub fn heading(&self) -> String {
        let reward = (self.reward * 100.0).round() / 100.0;
        format!("step {}  episode {}  reward {reward}", self.step, self.episode)
    }
}

/// The frames of one life.
#[derive(Clone, Debug, Default)]
pub struct Film {
    frames: Arc<Mutex<Vec<Frame>>>,
}

impl Film {
    /// Puts a camera around `inner`.
    pub fn around(&self, inner: Box<dyn Environment>) -> impl Environment + use<> {
        Filmed { inner, film: self.clone(), episode: 0, step: 0, reward: 0.0 }
    }

    /// What was taken.
    pub fn develop(self) -> Vec<Frame> {
        std::mem::take(&mut self.frames.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Clone)]
struct Filmed {
    inner: Box<dyn Environment>,
    film: Film,
    episode: u64,
    step: u64,
    reward: f64,
}

impl Filmed {
    fn take(&self) {
        if let Some(picture) = self.inner.picture() {
            let frame = Frame { picture, episode: self.episode, step: self.step, reward: self.reward };
            self.film.frames.lock().unwrap_or_else(PoisonError::into_inner).push(frame);
        }
    }
}

impl Environment for Filmed {
    forward_to_inner!(observation_space, action_space, expected_rewards, target, picture);

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.inner.reset(rng, observation);
        self.episode += 1;
        self.take();
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let step = self.inner.step(action, rng, observation);
        self.step += 1;
        self.reward += step.reward;
        self.take();
        step
    }
}
