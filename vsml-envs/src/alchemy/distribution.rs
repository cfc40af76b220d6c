//! Where chemistries come from.

use super::chemistry::Chemistry;
use super::game::Alchemy;
use super::rules::{MAX_POTIONS, MAX_STONES, Rules};
use crate::registry::Family;
use crate::wrappers::Span;
use crate::{Environment, Rng, TaskDistribution};
use serde::{Deserialize, Serialize};

/// Longer trials, or more of them, are taken for a slip of the pen.
const MAX_TRIALS: usize = 1000;

/// Symbolic Alchemy: `Alchemy-v0`.
///
/// # Description
/// Three stones and twelve potions lie on a table. A stone is a corner of a cube, and is worth more the more of its three
/// coordinates are high: -3, -1, 1, and 15 for the best. A potion moves a stone to one side along one axis, if it is not
/// there and the cube has that edge; it is used up in any case. Stones that go into the cauldron pay what they are worth.
/// After 20 steps there are new stones and potions.
///
/// The task is the chemistry, one of 167,424: which edges there are (109 graphs), how stones look (8 maps, 4 rotations)
/// and how potions look (48 maps). It stays for the lifetime; stones and potions are drawn in every trial. An episode of
/// ten trials is a lifetime by default, as in the source; in a longer one, episodes go on with the same chemistry. The
/// score is the sum of the rewards of an episode.
///
/// # Action space
/// `Discrete(40)`: 0 does nothing; `1 + 13 * s` puts stone `s` (0 to 2) into the cauldron, `2 + 13 * s + p` into potion `p`
/// (0 to 11). With `end_trial_action`, 0 ends the trial and all others are one higher. An action that needs what is gone
/// does nothing, but takes a step.
///
/// # Observation space
/// `Box([39])`. For each stone five numbers: its look (colour, size, shape: -1, 0 or 1), the value it shows (-1, -1/3,
/// 1/3, or 1 for the best), and 0; or 2, 2, 2, 2, 1 if it is gone. For each potion two: its colour (-1, -2/3, ... 2/3), and
/// 0; or 1, 1 if it is gone. Colours of opposite potions are the first and second, third and fourth, fifth and sixth.
///
/// # Rewards
/// What a stone is worth in the step that puts it into the cauldron: -3, -1, 1 or 15; otherwise 0. The paper's mean scores
/// of an episode are 145.7 for the [random heuristic](super::random_heuristic()), 284.4 for an ideal observer, which knows
/// what chemistries there are and infers which one it is, and 288.5 for a search that knows it ([`Oracle`](super::Oracle)).
/// Actions at random give 18.
///
/// # Starting state
/// Stones of each of the eight kinds and potions of each of the six are equally likely, in every trial.
///
/// # Episode end
/// Terminated after `trials` trials of `steps_per_trial` steps. Nothing says that a trial is over but the new things on
/// the table; the last observation of an episode shows what is left of the last trial.
///
/// # Arguments
/// `trials` (10), `steps_per_trial` (20), `stones` (3) and `potions` (12), which leave the spaces as they are,
/// `end_trial_action` (false). Of the chemistry: `constraints` (`0..3`), the number of conditions on edges, each number
/// equally likely and then each graph; `random_looks` (true), otherwise everything looks like what it is; `rotation`
/// (true). Among the source's levels are all of these, `rotation=false`, and `rotation=false,constraints=0`.
///
/// # Differences from the source
/// None known in the dynamics (`dm_alchemy`, `symbolic_alchemy.py`, level
/// `perceptual_mapping_randomized_with_rotation_and_random_bottleneck`). There, every episode has a chemistry of its own;
/// here, every task. Its levels with one given bottleneck and its observations that tell the chemistry or the belief of an
/// ideal observer are not here, nor is that observer: its score is quoted. The others were measured here too: 146.7 ± 0.2
/// for the heuristic and 18.0 ± 0.1 for actions at random (mean and standard error in 40,000 episodes), 287.8 ± 0.9 for the
/// search (3,000 episodes). The paper's numbers are known at second hand: 284.4 from a question to its authors, the others
/// from a repository that measured 145.2 ± 1.5, 17.1 ± 0.6 and 287.1 ± 1.6 on `dm_alchemy` itself (1,024 episodes).
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chemistries {
    /// Trials of an episode.
    pub trials: usize,
    /// Steps of a trial.
    pub steps_per_trial: usize,
    /// Stones of a trial.
    pub stones: usize,
    /// Potions of a trial.
    pub potions: usize,
    /// Whether there is an action that ends a trial.
    pub end_trial_action: bool,
    /// Number of conditions on the edges of the cube, 0 to 3.
    pub constraints: Span,
    /// Whether the looks of stones and potions are part of the task.
    pub random_looks: bool,
    /// Whether the looks of stones may be turned.
    pub rotation: bool,
}

impl Default for Chemistries {
    fn default() -> Self {
        Chemistries {
            trials: 10,
            steps_per_trial: 20,
            stones: MAX_STONES,
            potions: MAX_POTIONS,
            end_trial_action: false,
            constraints: Span::between(0.0, 3.0),
            random_looks: true,
            rotation: true,
        }
    }
}

impl Chemistries {
    /// Draws a game: its chemistry. The parameters must have passed [`Family::check`].
    pub fn game(&self, rng: &mut Rng) -> Alchemy {
        let Chemistries { trials, steps_per_trial, stones, potions, end_trial_action, .. } = *self;
        let rules = Rules { trials, steps_per_trial, stones, potions, end_trial_action };
        Alchemy::new(Chemistry::draw(self.constraints, self.random_looks, self.rotation, rng), rules)
    }
}

impl TaskDistribution for Chemistries {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        Box::new(self.game(rng))
    }
}

impl Family for Chemistries {
    fn check(&self) -> Result<(), String> {
        let counts = [
            ("trials", self.trials, MAX_TRIALS),
            ("steps_per_trial", self.steps_per_trial, MAX_TRIALS),
            ("stones", self.stones, MAX_STONES),
            ("potions", self.potions, MAX_POTIONS),
        ];
        if let Some((name, count, most)) = counts.into_iter().find(|(_, count, most)| !(1..=*most).contains(count)) {
            return Err(format!("`{name}` is {count}: there are 1 to {most}"));
        }
        self.constraints.check_whole("constraints", 0..=3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    #[test]
    fn narrowing_one_part_of_the_chemistry_leaves_the_others() {
        for index in 0..20 {
            let draw = |family: Chemistries| *family.game(&mut stream(0, "alchemy", &[30, index])).chemistry();
            let full = draw(Chemistries::default());
            let unturned = draw(Chemistries { rotation: false, ..Chemistries::default() });
            let seen = draw(Chemistries { random_looks: false, ..Chemistries::default() });
            assert!(full.graph() == unturned.graph() && full.graph() == seen.graph());
        }
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let refuse = |family: Chemistries| family.check().unwrap_err();
        assert!(refuse(Chemistries { trials: 0, ..Default::default() }).contains("`trials`"));
        assert!(refuse(Chemistries { stones: 4, ..Default::default() }).contains("`stones`"));
        assert!(refuse(Chemistries { potions: 13, ..Default::default() }).contains("`potions`"));
        assert!(
            refuse(Chemistries { constraints: Span::between(0.0, 4.0), ..Default::default() })
                .contains("`constraints`")
        );
    }
}
