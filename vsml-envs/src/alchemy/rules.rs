//! How long a game is, what lies on the table, and what can be done with it.

/// Places for stones.
pub const MAX_STONES: usize = 3;
/// Places for potions.
pub const MAX_POTIONS: usize = 12;
/// What an action can do with a stone: the cauldron and each potion.
const USES: usize = 1 + MAX_POTIONS;

/// How long a game is and what lies on the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Trials of an episode.
    pub trials: usize,
    /// Steps of a trial.
    pub steps_per_trial: usize,
    /// Stones of a trial, at most [`MAX_STONES`].
    pub stones: usize,
    /// Potions of a trial, at most [`MAX_POTIONS`].
    pub potions: usize,
    /// Whether there is an action that ends the trial.
    pub end_trial_action: bool,
}

/// What can be done in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlchemyAction {
    /// The trial is over; only where the rules have this action.
    EndTrial,
    /// Nothing.
    Wait,
    /// The stone at this place goes into the cauldron.
    Bank {
        /// Place of the stone, from 0.
        stone: usize,
    },
    /// The stone at one place goes into the potion at another.
    Dip {
        /// Place of the stone, from 0.
        stone: usize,
        /// Place of the potion, from 0.
        potion: usize,
    },
}

impl AlchemyAction {
    /// How many actions there are: 40, or 41 with one that ends a trial.
    pub fn count(end_trial_action: bool) -> usize {
        1 + usize::from(end_trial_action) + MAX_STONES * USES
    }

    /// The action with this index.
    pub fn at(index: usize, end_trial_action: bool) -> Self {
        match (index, end_trial_action) {
            (0, true) => AlchemyAction::EndTrial,
            (0, false) | (1, true) => AlchemyAction::Wait,
            _ => {
                let place = index - 1 - usize::from(end_trial_action);
                match (place / USES, place % USES) {
                    (stone, 0) => AlchemyAction::Bank { stone },
                    (stone, potion) => AlchemyAction::Dip { stone, potion: potion - 1 },
                }
            }
        }
    }

    /// Its index; ending a trial where that is no action is waiting.
    pub fn index(self, end_trial_action: bool) -> usize {
        let first = 1 + usize::from(end_trial_action);
        match self {
            AlchemyAction::EndTrial => 0,
            AlchemyAction::Wait => first - 1,
            AlchemyAction::Bank { stone } => first + stone * USES,
            AlchemyAction::Dip { stone, potion } => first + stone * USES + 1 + potion,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_have_the_numbers_of_the_source() {
        let bank = AlchemyAction::Bank { stone: 2 };
        let dip = AlchemyAction::Dip { stone: 1, potion: 11 };
        assert_eq!([AlchemyAction::Wait, bank, dip].map(|action| action.index(false)), [0, 27, 26]);
        assert_eq!([AlchemyAction::EndTrial, AlchemyAction::Wait, bank].map(|action| action.index(true)), [0, 1, 28]);
        for end_trial_action in [false, true] {
            let actions = AlchemyAction::count(end_trial_action);
            assert_eq!(actions, 40 + usize::from(end_trial_action));
            for index in 0..actions {
                assert_eq!(AlchemyAction::at(index, end_trial_action).index(end_trial_action), index);
            }
        }
    }
}
