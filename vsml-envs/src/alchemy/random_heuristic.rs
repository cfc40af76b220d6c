//! The player that tries potions at random: the baseline of the Alchemy paper.

use super::game::{POTION_NUMBERS, STONE_NUMBERS};
use super::graph::AXES;
use super::rules::{AlchemyAction, MAX_POTIONS, MAX_STONES};
use crate::Rng;
use rand::RngExt;

/// From this value shown on, a stone is one of the best, worth 15.
const BEST_SHOWN: f32 = 0.99;

/// What the random heuristic of Wang et al. (2021) does on seeing `observation`: the index of an action.
///
/// A random stone that is not yet one of the best goes into a random potion. When there is no such stone or no potion
/// left, the stones with a positive value go into the cauldron; then the trial is over. It knows nothing of the chemistry
/// and learns nothing, but it knows what the numbers of an observation mean. The paper's mean score is 145.7.
pub fn random_heuristic(observation: &[f32], end_trial_action: bool, rng: &mut Rng) -> usize {
    let (stones, potions) = observation.split_at(MAX_STONES * STONE_NUMBERS);
    let value = |stone: usize| {
        let numbers = &stones[stone * STONE_NUMBERS..][..STONE_NUMBERS];
        (numbers[AXES + 1] == 0.0).then_some(numbers[AXES])
    };
    let improvable = |stone: &usize| value(*stone).is_some_and(|value| value < BEST_SHOWN);
    let usable = |potion: &usize| potions[potion * POTION_NUMBERS + 1] == 0.0;
    let stone = draw((0..MAX_STONES).filter(improvable), rng);
    let potion = draw((0..MAX_POTIONS).filter(usable), rng);
    let good = (0..MAX_STONES).find(|stone| value(*stone).is_some_and(|value| value > 0.0));
    let action = match (stone, potion, good) {
        (Some(stone), Some(potion), _) => AlchemyAction::Dip { stone, potion },
        (_, _, Some(stone)) => AlchemyAction::Bank { stone },
        _ if end_trial_action => AlchemyAction::EndTrial,
        _ => AlchemyAction::Wait,
    };
    action.index(end_trial_action)
}

/// One of `places`, each equally likely, if there is any.
fn draw(places: impl Iterator<Item = usize> + Clone, rng: &mut Rng) -> Option<usize> {
    let count = places.clone().count() as u64;
    if count == 0 { None } else { places.clone().nth(rng.random_range(0..count) as usize) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alchemy::Chemistries;
    use crate::{Action, TaskDistribution, stream};

    /// The mean score of so many episodes and its standard error.
    fn score(family: &Chemistries, episodes: usize, mut player: impl FnMut(&[f32], &mut Rng) -> usize) -> (f64, f64) {
        let mut rng = stream(0, "alchemy", &[10]);
        let scores: Vec<f64> = (0..episodes)
            .map(|_| {
                let mut game = family.sample(&mut rng);
                let mut seen = vec![0.0; game.observation_space().flat_len()];
                game.reset(&mut rng, &mut seen);
                let mut score = 0.0;
                loop {
                    let action = player(&seen, &mut rng);
                    let step = game.step(Action::Discrete(action), &mut rng, &mut seen);
                    score += step.reward;
                    if step.ended() {
                        return score;
                    }
                }
            })
            .collect();
        let mean = scores.iter().sum::<f64>() / episodes as f64;
        let variance = scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / (episodes as f64 - 1.0);
        (mean, (variance / episodes as f64).sqrt())
    }

    #[test]
    fn it_scores_what_the_paper_says() {
        let (mean, error) = score(&Chemistries::default(), 2000, |seen, rng| random_heuristic(seen, false, rng));
        assert!(error < 2.0 && (mean - 145.7).abs() < 3.0 * error, "{mean} ± {error}");
    }

    #[test]
    fn any_action_scores_what_others_measured_on_the_original() {
        // 17.05 ± 0.55 in 1024 episodes of dm_alchemy, as reported by others; the difference has both errors.
        let (mean, error) = score(&Chemistries::default(), 1000, |_, rng| rng.random_range(0..40));
        let error = (error * error + 0.55 * 0.55).sqrt();
        assert!(error < 1.0 && (mean - 17.05).abs() < 3.0 * error, "{mean} ± {error}");
    }

    #[test]
    fn ending_trials_early_makes_no_difference_to_its_score() {
        let family = Chemistries { end_trial_action: true, ..Chemistries::default() };
        let (mean, error) = score(&family, 2000, |seen, rng| random_heuristic(seen, true, rng));
        assert!(error < 3.0 && (mean - 145.7).abs() < 3.0 * error, "{mean} ± {error}");
    }
}
