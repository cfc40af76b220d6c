//! What a member is worth, from what its lifetimes came to.
//!
//! The mean reward says it where all lifetimes are of one kind. In a mixture of kinds it does not: a fall in CartPole costs 1
//! of 500, a trap 1 of 10, and whatever pays in large numbers decides alone. *Standardised*, each lifetime counts by how much
//! better it went than the same lifetime of those with equal luck (the other of the pair, or all members), in units of the
//! root mean square of that over all who were in its scenario in this generation. So a scenario has its share whatever its
//! rewards are, and so has each task in it: an easy task pays all who meet it, and tells nothing of who is better.

use crate::meta_training::MemberResult;
use crate::optimizers::MetaOptimizer;
use std::collections::BTreeMap;

/// Each member's mean reward over the lifetimes that count; NaN if none does, or if it failed in one that does.
pub(crate) fn mean_rewards(results: &[MemberResult], optimizer: &dyn MetaOptimizer) -> Vec<f64> {
    let counts = counts(results, optimizer);
    let mean = |(member, result): (usize, &MemberResult)| {
        mean_where(&counts[&optimizer.luck(member)], result, |_, reward| reward)
    };
    results.iter().enumerate().map(mean).collect()
}

/// As [`mean_rewards`], standardised; `scenario` says in which scenario a lifetime of some luck is.
pub(crate) fn standardised(
    results: &[MemberResult],
    optimizer: &dyn MetaOptimizer,
    scenario: &dyn Fn(u64, usize) -> usize,
) -> Vec<f64> {
    let counts = counts(results, optimizer);
    // Of each luck, the mean reward of each lifetime over those who lived it.
    let mut usual: BTreeMap<(u64, usize), (f64, f64)> = BTreeMap::new();
    for (member, result) in results.iter().enumerate() {
        for (lifetime, reward) in result.rewards.iter().enumerate().filter_map(valid) {
            let (sum, count) = usual.entry((optimizer.luck(member), lifetime)).or_default();
            (*sum, *count) = (*sum + reward, *count + 1.0);
        }
    }
    let better = |luck: u64, lifetime: usize, reward: f64| {
        let (sum, count) = usual[&(luck, lifetime)];
        let (mean, difference) = (sum / count, reward - sum / count);
        // The mean of equal rewards is one of them but for rounding.
        if difference.abs() > 1e-12 * mean.abs() { difference } else { 0.0 }
    };
    let mut squares: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for (member, result) in results.iter().enumerate() {
        let luck = optimizer.luck(member);
        for (lifetime, reward) in result.rewards.iter().enumerate().filter_map(valid) {
            if counts[&luck][lifetime] {
                let (sum, count) = squares.entry(scenario(luck, lifetime)).or_default();
                (*sum, *count) = (*sum + better(luck, lifetime, reward).powi(2), *count + 1.0);
            }
        }
    }
    let worth = |(member, result): (usize, &MemberResult)| {
        let luck = optimizer.luck(member);
        mean_where(&counts[&luck], result, |lifetime, reward| {
            if reward.is_nan() {
                return reward;
            }
            let (sum, count) = squares[&scenario(luck, lifetime)];
            // Where nobody is better than another, nobody is.
            if sum > 0.0 { better(luck, lifetime, reward) / (sum / count).sqrt() } else { 0.0 }
        })
    };
    results.iter().enumerate().map(worth).collect()
}

/// A lifetime and its reward, if nothing cut it short.
fn valid<E>((lifetime, reward): (usize, &Result<f64, E>)) -> Option<(usize, f64)> {
    reward.as_ref().ok().map(|reward| (lifetime, *reward))
}

/// Of each luck, which lifetimes count: in a pair those that both lived to the end; without pairs, those that anybody did.
fn counts(results: &[MemberResult], optimizer: &dyn MetaOptimizer) -> BTreeMap<u64, Vec<bool>> {
    let paired = optimizer.paired();
    let mut counts: BTreeMap<u64, Vec<bool>> = BTreeMap::new();
    for (member, result) in results.iter().enumerate() {
        let lifetimes = result.rewards.len();
        let counts = counts.entry(optimizer.luck(member)).or_insert_with(|| vec![paired; lifetimes]);
        for (counts, reward) in counts.iter_mut().zip(&result.rewards) {
            *counts = if paired { *counts && reward.is_ok() } else { *counts || reward.is_ok() };
        }
    }
    counts
}

/// The mean of `worth` of a lifetime and its reward (NaN if it was cut short), over the lifetimes that count.
fn mean_where(counts: &[bool], result: &MemberResult, worth: impl Fn(usize, f64) -> f64) -> f64 {
    let counted = result.rewards.iter().enumerate().zip(counts).filter(|(_, counts)| **counts);
    let counted: Vec<f64> =
        counted.map(|((lifetime, reward), _)| worth(lifetime, *reward.as_ref().unwrap_or(&f64::NAN))).collect();
    counted.iter().sum::<f64>() / counted.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizers::{EvolutionStrategies, EvolutionStrategiesConfig, Snes, SnesConfig};

    fn pairs() -> EvolutionStrategies {
        let config = EvolutionStrategiesConfig { pairs: 2, ..EvolutionStrategiesConfig::default() };
        EvolutionStrategies::new(config, 1, vec![0.0; 3]).unwrap()
    }

    fn no_pairs(population: usize) -> Snes {
        Snes::new(SnesConfig { population, ..SnesConfig::default() }, 1, vec![0.0; 3]).unwrap()
    }

    /// What members' lifetimes came to; NaN is a fault.
    fn lived<const MEMBERS: usize>(rewards: [&[f64]; MEMBERS]) -> Vec<MemberResult> {
        let result = |reward: &f64| if reward.is_nan() { Err(("panic", "!".into())) } else { Ok(*reward) };
        let member = |rewards: &[f64]| {
            let mut member = MemberResult::default();
            member.rewards.extend(rewards.iter().map(result));
            member
        };
        rewards.into_iter().map(member).collect()
    }

    /// Scenario 0 in the first lifetime, 1 in the second.
    fn in_turn(_: u64, lifetime: usize) -> usize {
        lifetime
    }

    #[test]
    fn large_rewards_and_easy_tasks_decide_nothing() {
        // In the first scenario differences are 2 and 4, in the second 100 and 0, on tasks that pay what they like.
        let results = lived([&[1.0, 5100.0], &[-1.0, 5000.0], &[72.0, 90.0], &[76.0, 90.0]]);
        let (small, large) = ((5.0f64 / 2.0).sqrt(), (2500.0f64 / 2.0).sqrt());
        let expected =
            [1.0 / small + 50.0 / large, -1.0 / small - 50.0 / large, -2.0 / small, 2.0 / small].map(|sum| sum / 2.0);
        let found = standardised(&results, &pairs(), &in_turn);
        assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12), "{found:?}");

        // Without pairs all have met the same tasks.
        let results = lived([&[1.0, 7.0], &[2.0, 7.0], &[3.0, 7.0], &[6.0, 7.0]]);
        let unit = (14.0f64 / 4.0).sqrt();
        let expected = [-2.0, -1.0, 0.0, 3.0].map(|better| better / unit / 2.0);
        let found = standardised(&results, &no_pairs(4), &in_turn);
        assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn where_all_come_to_the_same_nobody_is_better() {
        // 0.7 + 0.7 + 0.7 is not three times 0.7.
        let found = standardised(&lived([&[0.7], &[0.7], &[0.7]]), &no_pairs(3), &in_turn);
        assert_eq!(found, [0.0; 3]);
    }

    #[test]
    fn what_a_fault_cuts_short_weighs_as_it_does_in_the_mean() {
        let nan = f64::NAN;
        let results = lived([&[1.0, nan], &[3.0, 9.0], &[nan, 2.0], &[5.0, 4.0]]);
        assert_eq!(mean_rewards(&results, &pairs()), [1.0, 3.0, 2.0, 4.0]);
        assert_eq!(standardised(&results, &pairs(), &in_turn), [-1.0, 1.0, -1.0, 1.0]);
        // Without pairs somebody lived each of them to its end, and who did not is invalid.
        for found in [mean_rewards(&results, &no_pairs(4)), standardised(&results, &no_pairs(4), &in_turn)] {
            assert!(found[0].is_nan() && found[2].is_nan() && found[1] > found[3], "{found:?}");
        }
        let nobody = lived([&[nan], &[nan], &[nan], &[nan]]);
        assert!(standardised(&nobody, &pairs(), &in_turn).iter().all(|fitness| fitness.is_nan()));
    }
}
