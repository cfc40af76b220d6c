//! Bandits: the smallest tasks in which something has to be learnt.
//!
//! A bandit has no state and nothing to see, so all that a learner can do better within a lifetime is to find the good
//! arm and stay with it. What that is worth at best is known exactly, which makes bandits the yardstick of the field
//! (Duan et al. 2016, arXiv 1611.02779; Wang et al. 2016, arXiv 1611.05763).
//!
//! A pull draws one uniform number and pays if it lies below the arm's mean, whichever arm it is. Two learners that
//! live through the same lifetime therefore meet the same luck: where they pull the same arm they get the same reward,
//! and the difference between them is their own.

use super::bars;
use super::rows::{Arm, BanditRows};
use crate::picture::Picture;
use crate::registry::Family;
use crate::vector::Batch;
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// One bandit: `k` arms, of which arm `i` pays 1 with probability `means[i]` and 0 otherwise.
///
/// The observation is the constant 1, an episode never ends.
#[derive(Clone, Debug, PartialEq)]
pub struct BernoulliBandit {
    means: Vec<f64>,
}

/// Why there is no such bandit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BanditError {
    /// There is nothing to pull.
    #[error("a bandit needs at least one arm")]
    NoArms,
    /// A mean is not a probability.
    #[error("arm {arm} pays with probability {mean}: it must lie in [0, 1]")]
    Mean {
        /// Which arm.
        arm: usize,
        /// Its mean.
        mean: f64,
    },
}

impl BernoulliBandit {
    /// The bandit whose arms pay with these probabilities.
    ///
    /// # Errors
    /// If there are none, or one is not in `[0, 1]`.
    pub fn new(means: Vec<f64>) -> Result<Self, BanditError> {
        if means.is_empty() {
            return Err(BanditError::NoArms);
        }
        match means.iter().position(|mean| !(0.0..=1.0).contains(mean)) {
            Some(arm) => Err(BanditError::Mean { arm, mean: means[arm] }),
            None => Ok(BernoulliBandit { means }),
        }
    }

    /// The probability with which each arm pays.
    pub fn means(&self) -> &[f64] {
        &self.means
    }
}

/// An arm that pays 1 with this probability and 0 otherwise.
#[derive(Clone, Copy)]
struct Paying(f64);

impl Arm for Paying {
    #[inline]
    fn pull(self, rng: &mut Rng) -> f64 {
        let luck: f64 = rng.random();
        if luck < self.0 { 1.0 } else { 0.0 }
    }
}

impl Environment for BernoulliBandit {
    fn observation_space(&self) -> Space {
        Space::uniform_box(1.0, 1.0, 1)
    }

    fn action_space(&self) -> Space {
        Space::discrete(self.means.len())
    }

    fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
        observation[0] = 1.0;
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        observation[0] = 1.0;
        Step::going_on(Paying(self.means[action.index()]).pull(rng))
    }

    fn expected_rewards(&self) -> Option<&[f64]> {
        Some(&self.means)
    }

    fn picture(&self) -> Option<Picture> {
        Some(bars(&self.means, (0.0, 1.0)))
    }
}

/// How the means of a bandit's arms are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BanditKind {
    /// Each mean uniform in `[0, 1]`, any number of arms (Duan et al. 2016).
    #[default]
    Independent,
    /// Two arms, `p` uniform in `[0, 1]` and `1 - p` (Wang et al. 2016, like all that follow).
    Uniform,
    /// Two arms of 0.1 and 0.9.
    Easy,
    /// Two arms of 0.25 and 0.75.
    Medium,
    /// Two arms of 0.4 and 0.6.
    Hard,
}

/// Where a bandit's best arm stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Best {
    /// Wherever it falls.
    #[default]
    Any,
    /// It changes places with the first arm.
    First,
    /// It changes places with the last arm.
    Last,
}

/// Bernoulli bandits: `BernoulliBandit-v0`.
///
/// # Description
/// A row of arms, each of which pays 1 with a probability of its own and 0 otherwise. The probabilities are the task.
///
/// # Action space
/// `Discrete(arms)`: which arm to pull.
///
/// # Observation space
/// `Box(1, 1, [1])`: the constant 1. There is nothing to see.
///
/// # Rewards
/// 1 or 0.
///
/// # Starting state
/// None: a bandit has no state.
///
/// # Episode end
/// Never. Lifetimes are counted in steps, 100 by default; `time_limit` makes episodes.
///
/// # Arguments
/// `arms` (2), `kind` (`independent`), `best` (`any`): the fields below. With `best=first` in training and `best=last` in
/// testing, a learner that has only memorised where the good arm stands is found out.
///
/// # Differences from the source
/// In Duan et al. each pull is an episode of one step; here an episode goes on, which is the same for a learner that is
/// told of its last action and reward. Which of the two arms of a dependent bandit is the better one is equally likely
/// either way.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bandits {
    /// Number of arms; all kinds but `independent` have 2.
    pub arms: usize,
    /// How the means are drawn.
    pub kind: BanditKind,
    /// Where the best arm stands.
    pub best: Best,
}

impl Default for Bandits {
    fn default() -> Self {
        Bandits { arms: 2, kind: BanditKind::Independent, best: Best::Any }
    }
}

impl Bandits {
    fn draw_means(&self, rng: &mut Rng) -> Vec<f64> {
        let better_and_worse = |better: f64, rng: &mut Rng| {
            if rng.random::<bool>() { vec![better, 1.0 - better] } else { vec![1.0 - better, better] }
        };
        match self.kind {
            BanditKind::Independent => (0..self.arms).map(|_| rng.random()).collect(),
            BanditKind::Uniform => {
                let first: f64 = rng.random();
                vec![first, 1.0 - first]
            }
            BanditKind::Easy => better_and_worse(0.9, rng),
            BanditKind::Medium => better_and_worse(0.75, rng),
            BanditKind::Hard => better_and_worse(0.6, rng),
        }
    }
}

impl Bandits {
    fn draw(&self, rng: &mut Rng) -> BernoulliBandit {
        let mut means = self.draw_means(rng);
        let best = (0..means.len()).rev().max_by(|&a, &b| means[a].total_cmp(&means[b])).unwrap_or(0);
        let last = means.len().saturating_sub(1);
        match self.best {
            Best::Any => {}
            Best::First => means.swap(best, 0),
            Best::Last => means.swap(best, last),
        }
        BernoulliBandit { means }
    }
}

impl TaskDistribution for Bandits {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        Box::new(self.draw(rng))
    }

    fn batch(&self, rngs: &mut [Rng]) -> Box<dyn Batch> {
        let arms = |bandit: BernoulliBandit| bandit.means.into_iter().map(Paying).collect();
        Box::new(BanditRows::new(rngs.iter_mut().map(|rng| arms(self.draw(rng)))))
    }
}

impl Family for Bandits {
    fn check(&self) -> Result<(), String> {
        super::check_arms(self.arms)?;
        if self.kind != BanditKind::Independent && self.arms != 2 {
            return Err(format!("`arms` is {}: all kinds but `independent` have exactly 2 arms", self.arms));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    fn draw(family: &Bandits, count: u64) -> Vec<Vec<f64>> {
        family.check().unwrap();
        let means = |i| family.sample(&mut stream(0, "bandit", &[i])).expected_rewards().unwrap().to_vec();
        (0..count).map(means).collect()
    }

    #[test]
    fn nonsense_bandits_are_refused() {
        assert_eq!(BernoulliBandit::new(vec![]), Err(BanditError::NoArms));
        for mean in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            let error = BernoulliBandit::new(vec![0.5, mean]).unwrap_err();
            assert!(error.to_string().contains("arm 1"), "{error}");
        }
        assert!(Bandits { arms: 0, ..Bandits::default() }.check().is_err());
        assert!(Bandits { arms: usize::MAX, ..Bandits::default() }.check().is_err());
        let error = Bandits { arms: 3, kind: BanditKind::Easy, ..Bandits::default() }.check().unwrap_err();
        assert!(error.contains("exactly 2"), "{error}");
    }

    #[test]
    fn arms_pay_as_often_as_their_means_say() {
        let mut bandit = BernoulliBandit::new(vec![0.0, 0.3, 1.0]).unwrap();
        let mut rng = stream(0, "bandit", &[]);
        let mut pull = |arm| (0..10_000).map(|_| bandit.step(Action::Discrete(arm), &mut rng, &mut [0.0]).reward).sum();
        let (never, sometimes, always): (f64, f64, f64) = (pull(0), pull(1), pull(2));
        assert_eq!((never, always), (0.0, 10_000.0));
        assert!((sometimes - 3000.0).abs() < 200.0, "{sometimes}: standard deviation 46");
    }

    #[test]
    fn a_pull_takes_one_uniform_whichever_arm_it_is() {
        let mut bandit = BernoulliBandit::new(vec![0.0, 1.0, 0.5]).unwrap();
        let mut after = |arm| {
            let mut rng = stream(0, "bandit", &[1]);
            bandit.step(Action::Discrete(arm), &mut rng, &mut [0.0]);
            rng
        };
        let mut expected = stream(0, "bandit", &[1]);
        let _: f64 = expected.random();
        assert!((0..3).all(|arm| after(arm) == expected));
    }

    #[test]
    fn independent_means_are_uniform() {
        let drawn = draw(&Bandits { arms: 5, ..Bandits::default() }, 4000);
        for arm in 0..5 {
            let mean = drawn.iter().map(|means| means[arm]).sum::<f64>() / 4000.0;
            let square = drawn.iter().map(|means| means[arm].powi(2)).sum::<f64>() / 4000.0;
            // Standard errors: 0.0046 and 0.0047.
            assert!((mean - 0.5).abs() < 0.02 && (square - 1.0 / 3.0).abs() < 0.02, "arm {arm}: {mean} {square}");
        }
    }

    #[test]
    fn dependent_kinds_have_the_means_of_their_source() {
        for (kind, better) in [(BanditKind::Easy, 0.9), (BanditKind::Medium, 0.75), (BanditKind::Hard, 0.6)] {
            let drawn = draw(&Bandits { kind, ..Bandits::default() }, 2000);
            let first_is_better = drawn.iter().filter(|means| means[0] == better).count();
            assert!(
                drawn.iter().all(|m| m.len() == 2 && m[0].max(m[1]) == better && (m[0] + m[1] - 1.0).abs() < 1e-15)
            );
            assert!((900..1100).contains(&first_is_better), "{kind:?}: {first_is_better}, standard deviation 22");
        }
        let uniform = draw(&Bandits { kind: BanditKind::Uniform, ..Bandits::default() }, 4000);
        assert!(uniform.iter().all(|means| means[1] == 1.0 - means[0]));
        let mean = uniform.iter().map(|means| means[0]).sum::<f64>() / 4000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
    }

    #[test]
    fn the_best_arm_stands_where_it_is_asked_to() {
        for kind in
            [BanditKind::Independent, BanditKind::Uniform, BanditKind::Easy, BanditKind::Medium, BanditKind::Hard]
        {
            let arms = if kind == BanditKind::Independent { 7 } else { 2 };
            let any = draw(&Bandits { arms, kind, best: Best::Any }, 200);
            for (best, place) in [(Best::First, 0), (Best::Last, arms - 1)] {
                for (means, before) in draw(&Bandits { arms, kind, best }, 200).iter().zip(&any) {
                    assert!(means.iter().all(|mean| *mean <= means[place]));
                    let changed = means.iter().zip(before).filter(|(now, before)| now != before).count();
                    assert!(changed == 0 || changed == 2, "two arms change places, the others stay");
                }
            }
        }
    }

    #[test]
    fn parameters_are_written_in_kebab_case() {
        let family = Bandits { arms: 2, kind: BanditKind::Hard, best: Best::Last };
        let json = serde_json::to_string(&family).unwrap();
        assert_eq!(json, r#"{"arms":2,"kind":"hard","best":"last"}"#);
        assert_eq!(serde_json::from_str::<Bandits>(&json).unwrap(), family);
        assert!(serde_json::from_str::<Bandits>(r#"{"arm":2}"#).is_err());
    }
}
