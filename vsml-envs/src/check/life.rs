//! A life that was written down.

use super::report::Place;
use crate::picture::Picture;
use crate::{OwnedAction, Space, Step};
use std::time::Duration;

/// A reset, or a step, and what there was to learn from it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Moment {
    pub episode: u64,
    /// Step of the episode; 0 is the reset.
    pub step: u64,
    pub action: Option<OwnedAction>,
    /// What the environment answered; none to a reset.
    pub answer: Option<Step>,
    pub target: Option<usize>,
    pub expected: Option<Vec<f64>>,
}

/// A life that was written down.
#[derive(Clone)]
pub(super) struct Life {
    pub task: u64,
    pub observations: Space,
    pub actions: Space,
    pub moments: Vec<Moment>,
    /// The observations of all moments, one after the other.
    pub numbers: Vec<f32>,
    pub durations: Vec<Duration>,
    /// Where a space was another one than in the beginning.
    pub changed_space: Option<Place>,
    /// Where expected rewards, asked for twice in a row, were not the same.
    pub fickle: Option<Place>,
    /// Where something was allocated: the first reset, the first step.
    pub allocated: Vec<Place>,
    pub pictures: Vec<Option<Picture>>,
}

impl Life {
    /// A life of which nothing is written yet.
    pub fn new(task: u64, observations: Space, actions: Space) -> Self {
        Life {
            task,
            observations,
            actions,
            moments: Vec::new(),
            numbers: Vec::new(),
            durations: Vec::new(),
            changed_space: None,
            fickle: None,
            allocated: Vec::new(),
            pictures: Vec::new(),
        }
    }

    /// The observation of moment `i`.
    pub fn observation(&self, i: usize) -> &[f32] {
        let width = self.observations.flat_len();
        &self.numbers[i * width..(i + 1) * width]
    }

    /// Every moment with its observation.
    pub fn each(&self) -> impl Iterator<Item = (&Moment, &[f32])> {
        self.moments.iter().enumerate().map(|(i, moment)| (moment, self.observation(i)))
    }

    /// The place of a moment.
    pub fn place(&self, moment: &Moment, value: impl Into<String>) -> Place {
        let method = if moment.answer.is_some() { "step" } else { "reset" };
        Place::method(method, value).task(self.task).step(moment.episode, moment.step)
    }

    /// Where two lives that should be the same first differ in what a learner perceives.
    pub fn difference(&self, other: &Life) -> Option<Place> {
        for ((one, shown), (two, shown_too)) in self.each().zip(other.each()) {
            let bits = |reward: Option<f64>| reward.map(f64::to_bits);
            let (answer, answer_too) = (one.answer, two.answer);
            if bits(answer.map(|step| step.reward)) != bits(answer_too.map(|step| step.reward)) {
                let rewards = [answer, answer_too].map(|step| step.map(|step| step.reward));
                return Some(self.place(one, format!("the reward is {:?}, then {:?}", rewards[0], rewards[1])));
            }
            let flags = |step: Option<Step>| step.map(|step| (step.terminated, step.truncated));
            if flags(answer) != flags(answer_too) || one.step != two.step {
                return Some(self.place(one, "an episode ends once, and not the other time"));
            }
            if let Some(i) = shown.iter().zip(shown_too).position(|(x, y)| x.to_bits() != y.to_bits()) {
                return Some(
                    self.place(one, format!("the observation is {}, then {}", shown[i], shown_too[i])).index(i),
                );
            }
        }
        None
    }
}
