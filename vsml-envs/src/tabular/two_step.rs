//! The two-step task: does a learner know how it came to its reward?
//!
//! A choice leads to one of two places, mostly to the one that goes with it and sometimes to the other, and the places pay
//! differently. After a reward that came by the rare way, a learner that repeats what was rewarded chooses the same again;
//! one that knows the ways chooses the other (Daw et al. 2011). Wang et al. (2016, arXiv 1611.05763) found the second in a
//! network trained to learn by itself.
//!
//! Which place pays changes unseen, so this is no table: the state that can be seen does not tell what will follow.

use crate::picture::{Colour, Picture, Scene};
use crate::registry::Family;
use crate::wrappers::Span;
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution, write_one_hot};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Where one is in a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Choice,
    Place(usize),
}

/// One two-step task. Its page of the manual is that of [`TwoSteps`].
#[derive(Clone, Debug)]
pub struct TwoStep {
    common: f64,
    reward: f64,
    swap: f64,
    /// The place that pays more often.
    better: usize,
    stage: Stage,
}

impl TwoStep {
    fn observe(&self, observation: &mut [f32]) {
        let index = match self.stage {
            Stage::Choice => 0,
            Stage::Place(place) => 1 + place,
        };
        write_one_hot(observation, index);
    }
}

impl Environment for TwoStep {
    fn observation_space(&self) -> Space {
        Space::discrete(3)
    }

    fn action_space(&self) -> Space {
        Space::discrete(2)
    }

    fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
        self.stage = Stage::Choice;
        self.observe(observation);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let luck: f64 = rng.random();
        let mut reward = 0.0;
        self.stage = match self.stage {
            Stage::Choice => Stage::Place(if luck < self.common { action.index() } else { 1 - action.index() }),
            Stage::Place(place) => {
                let pays = if place == self.better { self.reward } else { 1.0 - self.reward };
                reward = if luck < pays { 1.0 } else { 0.0 };
                if rng.random::<f64>() < self.swap {
                    self.better = 1 - self.better;
                }
                Stage::Choice
            }
        };
        self.observe(observation);
        Step::going_on(reward)
    }

    fn picture(&self) -> Option<Picture> {
        let (choice, places) = ((0.5, 0.1), [(0.2, 0.45), (0.8, 0.45)]);
        let mut scene = Scene::new((0.0, 1.0), (0.0, 0.6));
        for (place, at) in places.into_iter().enumerate() {
            let colour = if place == self.better { Colour::GREEN } else { Colour::GREY };
            scene = scene.line(vec![choice, at], 0.01, Colour::LIGHT).disc(at, 0.1, colour);
        }
        let here = match self.stage {
            Stage::Choice => choice,
            Stage::Place(place) => places[place],
        };
        Some(Picture::from(scene.disc(here, 0.05, Colour::BLUE)).with_caption("the green place pays more often"))
    }
}

/// Two-step tasks: `TwoStep-v0`.
///
/// # Description
/// Trials of two steps. In the first, action 0 leads to place 0 with probability `common` and else to place 1, and action 1
/// the other way round. In the second, whatever is done, the better place pays with probability `reward` and the other with
/// what that lacks to 1. After each trial the places swap roles with probability `swap`. Which is the better one at first is
/// the task.
///
/// # Action space
/// `Discrete(2)`.
///
/// # Observation space
/// `Discrete(3)`, one-hot: the choice, place 0, place 1.
///
/// # Rewards
/// 1 or 0 in the second step of a trial, 0 in the first. Who always knew the better place would get 0.74 a trial, chance
/// 0.5.
///
/// # Starting state
/// The choice. A reset does not touch which place is the better one.
///
/// # Episode end
/// Never: a trial is no episode. Lifetimes are counted in steps, 200 by default: the 100 trials of the source.
///
/// # Arguments
/// `common` (0.8), `reward` (0.9), `swap` (0.025): the fields below.
///
/// # Differences from the source
/// Wang et al. simplify Daw et al., who let people choose at the second stage as well and let the rewards drift. The numbers
/// here are those of simulations after Wang et al.; the paper itself has not been compared. There, some have a step of
/// fixation before each trial; here there is none. The action in the second step means nothing.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TwoSteps {
    /// The probability that a choice leads to the place that goes with it.
    pub common: Span,
    /// The probability that the better place pays.
    pub reward: Span,
    /// The probability that the places swap roles after a trial.
    pub swap: Span,
}

impl Default for TwoSteps {
    fn default() -> Self {
        TwoSteps { common: Span::single(0.8), reward: Span::single(0.9), swap: Span::single(0.025) }
    }
}

impl TaskDistribution for TwoSteps {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        Box::new(TwoStep {
            common: self.common.sample(rng),
            reward: self.reward.sample(rng),
            swap: self.swap.sample(rng),
            better: usize::from(rng.random::<bool>()),
            stage: Stage::Choice,
        })
    }
}

impl Family for TwoSteps {
    fn check(&self) -> Result<(), String> {
        for (name, span) in [("common", self.common), ("reward", self.reward), ("swap", self.swap)] {
            super::check_probability(name, span)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    fn task() -> TwoStep {
        TwoStep { common: 0.8, reward: 0.9, swap: 0.025, better: 0, stage: Stage::Choice }
    }

    #[test]
    fn ways_rewards_and_swaps_are_as_frequent_as_they_should_be() {
        let (mut task, mut rng, mut seen) = (task(), stream(0, "two-step", &[]), [0.0; 3]);
        task.reset(&mut rng, &mut seen);
        assert_eq!(seen, [1.0, 0.0, 0.0]);
        let (mut common, mut rewarded, mut swaps) = (0, 0, 0);
        for trial in 0..20_000 {
            let choice = trial % 2;
            assert_eq!(task.step(Action::Discrete(choice), &mut rng, &mut seen).reward, 0.0);
            common += u32::from(seen[1 + choice] == 1.0);
            let (better, at_better) = (task.better, seen[1 + task.better] == 1.0);
            let reward = task.step(Action::Discrete(0), &mut rng, &mut seen).reward;
            rewarded += u32::from((reward == 1.0) == at_better);
            swaps += u32::from(task.better != better);
            assert_eq!(seen, [1.0, 0.0, 0.0]);
        }
        assert!((15_800..16_200).contains(&common), "{common}: standard deviation 57");
        assert!((17_850..18_150).contains(&rewarded), "{rewarded}: standard deviation 42");
        assert!((420..580).contains(&swaps), "{swaps} of 500 expected: standard deviation 22");
    }

    #[test]
    fn who_knows_the_better_place_gets_0_74_a_trial() {
        let (mut task, mut rng, mut seen) = (task(), stream(0, "two-step", &[1]), [0.0; 3]);
        let mut total = 0.0;
        for _ in 0..20_000 {
            task.step(Action::Discrete(task.better), &mut rng, &mut seen);
            total += task.step(Action::Discrete(0), &mut rng, &mut seen).reward;
        }
        assert!((total / 20_000.0 - 0.74).abs() < 0.0124, "{total}: standard error 0.0031");
    }

    #[test]
    fn tasks_differ_in_the_place_that_is_better_at_first() {
        let first = |seed| TwoSteps::default().sample(&mut stream(seed, "two-step", &[])).picture();
        assert!((1..20).any(|seed| first(seed) != first(0)));
        let error = TwoSteps { swap: Span::single(-0.1), ..TwoSteps::default() }.check().unwrap_err();
        assert!(error.contains("`swap` is -0.1"), "{error}");
    }
}
