//! Two loops that meet in one state: an easy one and a better one.
//!
//! Around the first loop any action leads; around the second only one that is kept to, and the reward is at its very end.
//! A learner that is content too early goes round the first for ever (Watkins 1989; Dearden, Friedman & Russell 1998).

use super::{Layout, Outcome, Table, TabularEnvironment};
use crate::picture::Tile;
use crate::registry::Family;
use crate::wrappers::Span;
use crate::{Environment, Rng, TaskDistribution};
use serde::{Deserialize, Serialize};

/// States of a loop besides the one that both share.
const ARC: usize = 4;
const STATES: usize = 1 + 2 * ARC;

/// Double loops: `DoubleLoop-v0`.
///
/// # Description
/// From state 0, action 0 leads into the first loop, states 1 to 4, and action 1 into the second, states 5 to 8. In the
/// first loop either action leads on, and at last back to state 0 with `small_reward`. In the second, action 1 leads on and
/// at last back with `large_reward`; action 0 leads back at once, with nothing. All is certain.
///
/// # Action space
/// `Discrete(2)`.
///
/// # Observation space
/// `Discrete(9)`, one-hot: the state.
///
/// # Rewards
/// `small_reward` (1) and `large_reward` (2) as said, and else 0. The best play gets 2 in every 5 steps, 400 in 1000.
///
/// # Starting state
/// State 0.
///
/// # Episode end
/// Never. Lifetimes are counted in steps, 1000 by default.
///
/// # Arguments
/// The fields below. The actions mean the same in each task unless `permute_actions` says otherwise.
///
/// # Differences from the source
/// Dynamics are those of an implementation in PyBrain, which agrees with the description by Dearden et al.; the papers
/// themselves have not been compared.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DoubleLoops {
    /// Reward of the first loop.
    pub small_reward: Span,
    /// Reward of the second loop.
    pub large_reward: Span,
}

impl Default for DoubleLoops {
    fn default() -> Self {
        DoubleLoops { small_reward: Span::single(1.0), large_reward: Span::single(2.0) }
    }
}

/// The two loops beside each other.
fn layout() -> Layout {
    const MAP: &str = "65.12\n..0..\n78.43";
    let characters: Vec<char> = MAP.chars().filter(|character| *character != '\n').collect();
    let cell_of = |state: u32| characters.iter().position(|character| character.to_digit(10) == Some(state));
    let tile = |character: &char| Tile { character: if *character == '.' { ' ' } else { *character }, ..Tile::FLOOR };
    let cells = (0..STATES as u32).filter_map(cell_of).collect();
    Layout { width: 5, tiles: characters.iter().map(tile).collect(), cells }
}

impl TaskDistribution for DoubleLoops {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        let (small, large) = (self.small_reward.sample(rng), self.large_reward.sample(rng));
        let outcome = |state: usize, action: usize| match (state, action) {
            (0, 0) => Outcome::certain(1, 0.0),
            (0, _) => Outcome::certain(1 + ARC, 0.0),
            (ARC, _) => Outcome::certain(0, small),
            (1..ARC, _) => Outcome::certain(state + 1, 0.0),
            (_, 0) => Outcome::certain(0, 0.0),
            _ if state + 1 == STATES => Outcome::certain(0, large),
            _ => Outcome::certain(state + 1, 0.0),
        };
        let rows: Vec<_> = (0..2 * STATES).map(|row| vec![outcome(row / 2, row % 2)]).collect();
        match Table::new(2, &rows, super::start_in(0, STATES)) {
            Ok(table) => Box::new(TabularEnvironment::new(table).with_layout(layout())),
            Err(error) => unreachable!("{error}"),
        }
    }
}

impl Family for DoubleLoops {
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, stream};

    #[test]
    fn each_loop_pays_at_its_end() {
        let mut task = DoubleLoops::default().sample(&mut stream(0, "loops", &[]));
        let (mut rng, mut seen) = (stream(0, "loops", &[1]), [0.0f32; STATES]);
        task.reset(&mut rng, &mut seen);
        let mut act = |action| {
            let step = task.step(Action::Discrete(action), &mut rng, &mut seen);
            (seen.iter().position(|x| *x == 1.0).unwrap(), step.reward)
        };
        assert_eq!([0, 1, 0, 1, 0].map(&mut act), [(1, 0.0), (2, 0.0), (3, 0.0), (4, 0.0), (0, 1.0)]);
        assert_eq!([1, 1, 1, 1, 1].map(&mut act), [(5, 0.0), (6, 0.0), (7, 0.0), (8, 0.0), (0, 2.0)]);
        assert_eq!([1, 1, 1, 0].map(&mut act), [(5, 0.0), (6, 0.0), (7, 0.0), (0, 0.0)]);
    }

    #[test]
    fn the_best_play_goes_round_the_second_loop() {
        let task = DoubleLoops::default().sample(&mut stream(0, "loops", &[]));
        let plan = task.table().unwrap().plan(1000, 1.0);
        assert_eq!((plan.value(1000, 0), plan.action(1000, 0)), (400.0, 1));
    }

    #[test]
    fn the_picture_has_every_state() {
        let task = DoubleLoops::default().sample(&mut stream(0, "loops", &[]));
        assert!(task.picture().unwrap().to_text().starts_with("65 12\n  @  \n78 43"));
    }
}
