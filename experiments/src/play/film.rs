//! A camera in front of an environment.
//!
//! A lifetime resets an environment as soon as an episode is over, so whoever looks from outside never sees the goal reached
//! or the pole fallen. The camera is a wrapper and takes its pictures before that.

use std::sync::{Arc, Mutex, PoisonError};
use vsml_envs::picture::Picture;
use vsml_envs::team::{Observations, TeamEnvironment};
use vsml_envs::{Action, Rng, Step, forward_to_inner_team};

/// What was seen at one moment.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What the environment looked like.
    pub picture: Picture,
    /// Number of the episode, from 1.
    pub episode: u64,
    /// Step of the lifetime after which it was taken; 0 at its beginning.
    pub step: u64,
    /// Each agent's rewards so far, over all episodes.
    pub rewards: Vec<f64>,
}

impl Frame {
    /// A line about it.
    pub fn heading(&self) -> String {
        let rewards: Vec<String> =
            self.rewards.iter().map(|reward| ((reward * 100.0).round() / 100.0).to_string()).collect();
        format!("step {}  episode {}  reward {}", self.step, self.episode, rewards.join(" "))
    }
}

/// The frames of one life.
#[derive(Clone, Debug, Default)]
pub struct Film {
    frames: Arc<Mutex<Vec<Frame>>>,
}

impl Film {
    /// Puts a camera around `inner`.
    pub fn around(&self, inner: Box<dyn TeamEnvironment>) -> impl TeamEnvironment + use<> {
        let rewards = vec![0.0; inner.agents().len()];
        Filmed { inner, film: self.clone(), episode: 0, step: 0, rewards }
    }

    /// What was taken.
    pub fn develop(self) -> Vec<Frame> {
        std::mem::take(&mut self.frames.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Clone)]
struct Filmed {
    inner: Box<dyn TeamEnvironment>,
    film: Film,
    episode: u64,
    step: u64,
    rewards: Vec<f64>,
}

impl Filmed {
    fn take(&self) {
        if let Some(picture) = self.inner.picture() {
            let frame = Frame { picture, episode: self.episode, step: self.step, rewards: self.rewards.clone() };
            self.film.frames.lock().unwrap_or_else(PoisonError::into_inner).push(frame);
        }
    }
}

impl TeamEnvironment for Filmed {
    forward_to_inner_team!(agents, observation_space, action_space, expected_rewards, target, table, picture);

    fn reset(&mut self, rng: &mut Rng, observations: &mut Observations) {
        self.inner.reset(rng, observations);
        self.episode += 1;
        self.take();
    }

    fn step(
        &mut self,
        actions: &[Option<Action<'_>>],
        rng: &mut Rng,
        observations: &mut Observations,
        steps: &mut [Step],
    ) {
        self.inner.step(actions, rng, observations, steps);
        self.step += 1;
        for ((sum, step), action) in self.rewards.iter_mut().zip(steps).zip(actions) {
            *sum += if action.is_some() { step.reward } else { 0.0 };
        }
        self.take();
    }
}
