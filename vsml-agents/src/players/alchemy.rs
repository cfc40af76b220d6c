//! The baseline of Symbolic Alchemy: tries potions on stones, without learning anything.

use crate::learner::{Learner, Unable};
use vsml_envs::alchemy::{MAX_POTIONS, MAX_STONES, random_heuristic};
use vsml_envs::{Action, Percept, Rng, Space};

/// The random heuristic of Wang et al. 2021 (arXiv 2102.02926); see [`random_heuristic`].
#[derive(Default)]
pub struct AlchemyHeuristic {
    end_trial_action: bool,
}

impl Learner for AlchemyHeuristic {
    fn begin(&mut self, observation: &Space, action: &Space, _: &mut Rng) -> Result<(), Unable> {
        // Wait; each stone into the cauldron, or into each potion; perhaps an action that ends the trial.
        let actions = 1 + MAX_STONES * (1 + MAX_POTIONS);
        let numbers = 5 * MAX_STONES + 2 * MAX_POTIONS;
        self.end_trial_action = match action {
            Space::Discrete { n } if observation.flat_len() == numbers && *n == actions => false,
            Space::Discrete { n } if observation.flat_len() == numbers && *n == actions + 1 => true,
            _ => {
                return Err(Unable(format!(
                    "it plays Alchemy, with {numbers} numbers and {actions} or {} actions",
                    actions + 1
                )));
            }
        };
        Ok(())
    }

    fn act(&mut self, percept: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        Ok(Action::Discrete(random_heuristic(percept.observation, self.end_trial_action, rng)))
    }
}
