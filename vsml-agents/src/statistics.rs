//! The few statistics that results are reported in.
//!
//! Returns of reinforcement learners have heavy tails, so next to the mean stands the interquartile mean, with a stratified
//! bootstrap interval (Agarwal et al. 2021, arXiv 2108.13264). All numbers are `f64`, all sums run in order, and the
//! bootstrap draws from a stream that is handed in: the same lives give the same interval.

use rand::RngExt;
use serde::{Deserialize, Serialize};
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
    results.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    Interval { low: quantile(&results, tail), high: quantile(&results, 1.0 - tail) }
}

/// The 95 % bootstrap interval of the interquartile mean of one sample.
pub fn interquartile_interval(values: &[f64], rng: &mut Rng) -> Interval {
    bootstrap_interval(&[values], interquartile_mean_of, 2000, 0.95, rng)
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
    }
}
