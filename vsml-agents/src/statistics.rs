//! The few statistics that results are reported in.
//!
//! Returns of reinforcement learners have heavy tails, so next to the mean stands the interquartile mean, with a stratified
//! bootstrap interval (Agarwal et al. 2021, arXiv 2108.13264). All numbers are `f64`, all sums run in order, and the
//! bootstrap draws from a stream that is handed in: the same lives give the same interval.

use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use vsml_envs::Rng;

/// From `low` to `high`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The mean; NaN of nothing.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The standard error of the mean, `s / sqrt(n)` with the unbiased variance; NaN of fewer than two values.
pub fn standard_error(values: &[f64]) -> f64 {
    let (n, mean) = (values.len() as f64, mean(values));
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    (squares / (n - 1.0) / n).sqrt()
}

/// The mean of what is left when the lowest and the highest quarter are taken away, each rounded down to whole values
/// (as `scipy.stats.trim_mean(x, 0.25)`). Values must be finite; NaN of nothing.
pub fn interquartile_mean(values: &[f64]) -> f64 {
    interquartile_mean_of(&mut values.to_vec())
}

/// As [`interquartile_mean`], reordering `values`.
fn interquartile_mean_of(values: &mut [f64]) -> f64 {
    let cut = values.len() / 4;
    let keep = values.len() - 2 * cut;
    let mut rest = values;
    if cut > 0 {
        rest.select_nth_unstable_by(cut, f64::total_cmp);
        rest = &mut rest[cut..];
        rest.select_nth_unstable_by(keep - 1, f64::total_cmp);
        rest = &mut rest[..keep];
    }
    // In order of size, so that the sum does not depend on how the selection left them.
    rest.sort_unstable_by(f64::total_cmp);
    mean(rest)
}

/// The percentile bootstrap interval of a statistic: within each stratum as many values are drawn, with replacement, as it
/// has; the statistic is computed of all of them together; this is repeated, and the middle `confidence` of the results
/// is the interval. The statistic may reorder the values.
pub fn bootstrap_interval(
    strata: &[&[f64]],
    statistic: impl Fn(&mut [f64]) -> f64,
    repetitions: usize,
    confidence: f64,
    rng: &mut Rng,
) -> Interval {
    let mut drawn = Vec::with_capacity(strata.iter().map(|stratum| stratum.len()).sum());
    let mut results: Vec<f64> = (0..repetitions)
        .map(|_| {
            drawn.clear();
            for stratum in strata {
                let len = stratum.len() as u64;
                drawn.extend((0..len).map(|_| stratum[rng.random_range(0..len) as usize]));
            }
            statistic(&mut drawn)
        })
        .collect();
    middle(&mut results, confidence)
}

/// The interval in which the middle share `confidence` of results lies; puts them in order.
fn middle(results: &mut [f64], confidence: f64) -> Interval {
    results.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    Interval { low: quantile(results, tail), high: quantile(results, 1.0 - tail) }
}

/// Repetitions of a bootstrap, and how much of them an interval covers.
const REPETITIONS: usize = 2000;
const CONFIDENCE: f64 = 0.95;

/// The 95 % bootstrap interval of the interquartile mean of one sample.
pub fn interquartile_interval(values: &[f64], rng: &mut Rng) -> Interval {
    bootstrap_interval(&[values], interquartile_mean_of, REPETITIONS, CONFIDENCE, rng)
}

/// The 95 % bootstrap interval of the interquartile mean of all values together, drawn within each stratum: those of one task,
/// where values are of several.
pub fn stratified_interval(strata: &[&[f64]], rng: &mut Rng) -> Interval {
    bootstrap_interval(strata, interquartile_mean_of, REPETITIONS, CONFIDENCE, rng)
}

/// The 95 % bootstrap interval of the mean of one sample.
pub fn mean_interval(values: &[f64], rng: &mut Rng) -> Interval {
    bootstrap_interval(&[values], |drawn| mean(drawn), REPETITIONS, CONFIDENCE, rng)
}

/// The probability that a value of `of` is greater than one of `over`, drawn independently; ties count half (Mann and Whitney's
/// U, divided by the number of pairs; "probability of improvement" in Agarwal et al. 2021, arXiv 2108.13264). NaN of nothing.
///
/// ```
/// use vsml_agents::statistics::probability_of_improvement;
///
/// // Of the six pairs, 3 is greater in two and equal in one, 1 is greater in none and equal in one.
/// assert_eq!(probability_of_improvement(&[3.0, 1.0], &[2.0, 3.0, 1.0]), 3.0 / 6.0);
/// ```
pub fn probability_of_improvement(of: &[f64], over: &[f64]) -> f64 {
    let Ranked { levels, of, over } = Ranked::new(of, over);
    let mut counts = vec![(0, 0); levels];
    of.iter().for_each(|&level| counts[level].0 += 1);
    over.iter().for_each(|&level| counts[level].1 += 1);
    halves(&counts) as f64 / 2.0 / (of.len() * over.len()) as f64
}

/// The 95 % bootstrap interval of [`probability_of_improvement`]. If the values are `paired`, the first of `of` with the first of
/// `over` and so on, they are drawn together: what both have of the same luck then does not widen the interval. A draw is not
/// held against its own partner there, since partners meet more often among draws than among the values.
pub fn improvement_interval(of: &[f64], over: &[f64], paired: bool, rng: &mut Rng) -> Interval {
    let ranked = Ranked::new(of, over);
    let paired = paired && of.len() == over.len() && of.len() > 1;
    let mut results: Vec<f64> = (0..REPETITIONS)
        .map(|_| {
            let mut counts = vec![(0, 0); ranked.levels];
            let (len, other_len) = (of.len() as u64, over.len() as u64);
            let mut own = 0;
            for _ in 0..len {
                let drawn = rng.random_range(0..len) as usize;
                counts[ranked.of[drawn]].0 += 1;
                if paired {
                    counts[ranked.over[drawn]].1 += 1;
                    own += match ranked.of[drawn].cmp(&ranked.over[drawn]) {
                        Ordering::Less => 0,
                        Ordering::Equal => 1,
                        Ordering::Greater => 2,
                    };
                }
            }
            if paired {
                return (halves(&counts) - own) as f64 / 2.0 / (len * (len - 1)) as f64;
            }
            for _ in 0..other_len {
                counts[ranked.over[rng.random_range(0..other_len) as usize]].1 += 1;
            }
            halves(&counts) as f64 / 2.0 / (len * other_len) as f64
        })
        .collect();
    middle(&mut results, CONFIDENCE)
}

/// The mean over tasks of [`probability_of_improvement`], and its 95 % bootstrap interval, drawn within each task; of each task,
/// the values of the one and of the other. NaN of nothing.
pub fn mean_improvement(tasks: &[(&[f64], &[f64])], rng: &mut Rng) -> (f64, Interval) {
    let probability = |tasks: &[(&[f64], &[f64])]| {
        let each: Vec<f64> = tasks.iter().map(|(of, over)| probability_of_improvement(of, over)).collect();
        mean(&each)
    };
    let mut draw = |values: &[f64]| -> Vec<f64> {
        let len = values.len() as u64;
        (0..len).map(|_| values[rng.random_range(0..len) as usize]).collect()
    };
    let mut results: Vec<f64> = (0..REPETITIONS)
        .map(|_| {
            let drawn: Vec<_> = tasks.iter().map(|(of, over)| (draw(of), draw(over))).collect();
            let drawn: Vec<_> = drawn.iter().map(|(of, over)| (&of[..], &over[..])).collect();
            probability(&drawn)
        })
        .collect();
    (probability(tasks), middle(&mut results, CONFIDENCE))
}

/// Two samples, each value by its place among all the different ones of both.
struct Ranked {
    levels: usize,
    of: Vec<usize>,
    over: Vec<usize>,
}

impl Ranked {
    fn new(of: &[f64], over: &[f64]) -> Self {
        let mut levels: Vec<f64> = of.iter().chain(over).copied().collect();
        levels.sort_unstable_by(f64::total_cmp);
        levels.dedup();
        let ranks = |values: &[f64]| values.iter().map(|value| levels.partition_point(|level| level < value)).collect();
        Ranked { of: ranks(of), over: ranks(over), levels: levels.len() }
    }
}

/// In how many pairs the first sample has the greater value, times two, and in how many both have the same; of how often
/// either has each value.
fn halves(counts: &[(u64, u64)]) -> u64 {
    let (mut halves, mut below) = (0, 0);
    for (of, over) in counts {
        halves += of * (2 * below + over);
        below += over;
    }
    halves
}

/// The quantile of sorted values, interpolated between the nearest two; NaN of nothing.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = share * last as f64;
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_distr::StandardNormal;
    use vsml_envs::stream;

    #[test]
    fn values_are_those_of_scipy() {
        // scipy.stats.trim_mean([...], 0.25), numpy.quantile
        assert_eq!(interquartile_mean(&[9.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(interquartile_mean(&[5.0, 1.0, 100.0, 3.0, 2.0]), 10.0 / 3.0);
        assert_eq!(interquartile_mean(&[7.0, 1.0, 4.0]), 4.0);
        assert_eq!(interquartile_mean(&(0..100).rev().map(f64::from).collect::<Vec<_>>()), 49.5);
        assert_eq!(interquartile_mean(&[3.0]), 3.0);
        assert!(interquartile_mean(&[]).is_nan() && mean(&[]).is_nan() && standard_error(&[1.0]).is_nan());
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert!((standard_error(&[1.0, 2.0, 3.0, 4.0]) - 0.645_497_224_367_902_8).abs() < 1e-15);
    }

    #[test]
    fn intervals_cover_the_truth_as_often_as_they_say() {
        let mut rng = stream(1, "coverage", &[]);
        let covered = (0..1000)
            .filter(|_| {
                let sample: Vec<f64> = (0..50).map(|_| rng.sample::<f64, _>(StandardNormal)).collect();
                let interval = bootstrap_interval(&[&sample], |values| mean(values), 400, 0.95, &mut rng);
                interval.low <= 0.0 && 0.0 <= interval.high
            })
            .count();
        assert!((925..=970).contains(&covered), "{covered} of 1000");
    }

    #[test]
    fn improvement_is_the_share_of_pairs_with_ties_by_half() {
        // (1: 0 + 0 + 0) (4: 1 + 1/2 + 1) (4 again): 5 of 9.
        assert_eq!(probability_of_improvement(&[1.0, 4.0, 4.0], &[2.0, 4.0, 2.0]), 5.0 / 9.0);
        assert_eq!(probability_of_improvement(&[2.0, 4.0, 2.0], &[1.0, 4.0, 4.0]), 4.0 / 9.0);
        assert_eq!(probability_of_improvement(&[1.0, 1.0], &[0.0]), 1.0);
        assert_eq!(probability_of_improvement(&[-0.0], &[0.0]), 0.5);
        assert!(probability_of_improvement(&[], &[1.0]).is_nan() && probability_of_improvement(&[1.0], &[]).is_nan());
    }

    #[test]
    fn what_both_have_of_the_same_luck_does_not_widen_the_interval() {
        let over: Vec<f64> = (0..50).map(f64::from).collect();
        let of: Vec<f64> = over.iter().map(|value| value + 0.5).collect();
        let interval = |paired| improvement_interval(&of, &over, paired, &mut stream(1, "improvement", &[]));
        let (together, apart) = (interval(true), interval(false));
        let probability = probability_of_improvement(&of, &over);
        assert_eq!(probability, 0.51, "each beats those up to its own: 51 * 25 of 2500");
        for Interval { low, high } in [together, apart] {
            assert!(low <= probability && probability <= high, "{low} to {high}");
        }
        assert!(together.high - together.low < 0.5 * (apart.high - apart.low), "{together:?} {apart:?}");
        // Nothing to draw: the same whatever happens.
        let certain = improvement_interval(&[3.0; 9], &[1.0; 5], true, &mut stream(1, "improvement", &[]));
        assert_eq!(certain, Interval { low: 1.0, high: 1.0 });
    }

    #[test]
    fn improvement_over_several_tasks_is_the_mean_of_each() {
        // In one task 3 of 4 pairs, in the other all of them, in a third none.
        let tasks: [(&[f64], &[f64]); 3] =
            [(&[2.0, 4.0], &[1.0, 3.0]), (&[100.0, 101.0], &[0.0, 7.0]), (&[0.0], &[1.0])];
        let (mean, Interval { low, high }) = mean_improvement(&tasks, &mut stream(1, "improvement", &[]));
        assert_eq!(mean, (0.75 + 1.0 + 0.0) / 3.0);
        // Whatever is drawn, the second is won and the third is lost; the first has all from 0 (2 against 3) to 1.
        assert_eq!((low, high), (1.0 / 3.0, 2.0 / 3.0));
    }

    #[test]
    fn strata_are_kept_apart() {
        // Two constant strata: whatever is drawn, the mean is the same.
        let interval = bootstrap_interval(
            &[&[0.0; 10], &[1.0; 30]],
            |values| mean(values),
            100,
            0.95,
            &mut stream(1, "strata", &[]),
        );
        assert_eq!(interval, Interval { low: 0.75, high: 0.75 });
        let interval = stratified_interval(&[&[0.0; 4], &[1.0; 12]], &mut stream(1, "strata", &[]));
        assert_eq!(interval, Interval { low: 1.0, high: 1.0 }, "the four of the one are the lowest quarter");
    }
}
