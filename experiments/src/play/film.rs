//! A camera in front of an environment.
//!
//! A lifetime resets an environment as soon as an episode is over, so whoever looks from outside never sees the goal reached
//! or the pole fallen. The camera is a wrapper and takes its pictures before that. What a player's network says to itself is
//! overheard in the same way, by a wrapper around the player.

use super::messages::Messages;
use super::two_places;
use crate::machine::STOP;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vsml_agents::{LayerMessages, Learner, Secrets, Unable, Voice};
use vsml_envs::picture::Picture;
use vsml_envs::team::{Observations, TeamEnvironment};
use vsml_envs::{Action, Feedback, Percept, Rng, Space, Step, forward_to_inner_team};

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
    /// The messages of the network that chose the last action, where a player has one.
    pub messages: Option<Arc<Messages>>,
}

impl Frame {
    /// A line about it.
    pub fn heading(&self) -> String {
        let rewards: Vec<String> = self.rewards.iter().map(|reward| two_places(*reward).to_string()).collect();
        format!("step {}  episode {}  reward {}", self.step, self.episode, rewards.join(" "))
    }
}

/// More steps of a life are not shown. A step has two frames at most, one of them of an episode that begins.
pub const MOST_STEPS: u64 = 1000;

/// The frames of one life.
#[derive(Clone, Debug, Default)]
pub struct Film {
    reel: Arc<Mutex<Reel>>,
}

#[derive(Debug, Default)]
struct Reel {
    frames: Vec<Frame>,
    /// The last messages of the first agent that has some.
    messages: Option<Arc<Messages>>,
}

impl Film {
    /// Puts a camera around `inner`.
    pub fn around(&self, inner: Box<dyn TeamEnvironment>) -> impl TeamEnvironment + use<> {
        let rewards = vec![0.0; inner.agents().len()];
        Filmed { inner, film: self.clone(), episode: 0, step: 0, rewards }
    }

    /// Listens to the network of agent number `agent`, if it has one.
    pub fn listen_to(&self, agent: usize, learner: Box<dyn Learner>) -> Box<dyn Learner> {
        Box::new(Overheard { learner, film: self.clone(), agent })
    }

    /// Whether it takes no more frames: nobody acts then.
    pub fn is_full(&self) -> bool {
        self.reel().frames.len() as u64 >= 2 * MOST_STEPS
    }

    /// What was taken.
    pub fn develop(self) -> Vec<Frame> {
        std::mem::take(&mut self.reel().frames)
    }

    fn reel(&self) -> MutexGuard<'_, Reel> {
        self.reel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the messages with which an agent came to the last frames: those of one step, since an episode may have begun.
    fn hear(&self, agent: usize, layers: &[LayerMessages]) {
        let mut reel = self.reel();
        if reel.messages.as_ref().is_some_and(|messages| messages.agent != agent) {
            return;
        }
        let messages = Some(Arc::new(Messages::new(agent, layers)));
        let step = reel.frames.last().map(|frame| frame.step);
        for frame in reel.frames.iter_mut().rev().take_while(|frame| Some(frame.step) == step) {
            frame.messages = messages.clone();
        }
        reel.messages = messages;
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
            let mut reel = self.film.reel();
            let (rewards, messages) = (self.rewards.clone(), reel.messages.clone());
            reel.frames.push(Frame { picture, episode: self.episode, step: self.step, rewards, messages });
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

/// A player whose messages are kept.
struct Overheard {
    learner: Box<dyn Learner>,
    film: Film,
    agent: usize,
}

impl Overheard {
    fn hear(&self) {
        if let Some(layers) = self.learner.messages() {
            self.film.hear(self.agent, &layers);
        }
    }
}

impl Learner for Overheard {
    fn join(&mut self, agent: usize, agents: usize) -> Result<(), Unable> {
        self.learner.join(agent, agents)
    }

    fn voice(&mut self) -> Option<&mut dyn Voice> {
        self.learner.voice()
    }

    fn begin(&mut self, observation: &Space, action: &Space, rng: &mut Rng) -> Result<(), Unable> {
        self.learner.begin(observation, action, rng)?;
        self.hear();
        Ok(())
    }

    fn act(&mut self, percept: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        if STOP.load(Relaxed) {
            return Err(Unable("stopped".into()));
        }
        if self.film.is_full() {
            return Err(Unable("there is no more room for frames".into()));
        }
        self.learner.act(percept, rng)
    }

    fn feedback(&mut self, feedback: &Feedback) {
        // Before it thinks about the answer: what is there now is what it acted with.
        self.hear();
        self.learner.feedback(feedback);
    }

    fn reveal(&mut self, secrets: &Secrets<'_>) -> Result<(), Unable> {
        self.learner.reveal(secrets)
    }
}
