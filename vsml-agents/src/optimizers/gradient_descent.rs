//! Gradient descent through time: Adam on the loss of whole lives, differentiated (Kirsch & Schmidhuber 2021, the variant
//! that is meta-trained by gradient: Adam with 1e-3, norm clipped at 25).
//!
//! All members stand at theta; what distinguishes them is their luck. The mean of their gradients, shortened where it is
//! longer than `max_norm`, goes to Adam. A member whose life was cut short, or whose gradient is not finite, is set aside.
//! Exploding gradients are what makes this worse than evolution strategies on long lives; on a hundred steps it needs a
//! hundredth of the lives.

use super::ascent::{Ascent, shortened};
use super::settings::{count, refuse_unless};
use super::{MetaOptimizer, OptimizerError, OptimizerState, Wants};
use serde::{Deserialize, Serialize};

/// Settings of gradient descent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GradientDescentConfig {
    /// Members whose gradients are averaged, each with `lifetimes` lives; 1 to 1,000,000.
    pub batch: usize,
    /// Adam's step size at the beginning; 0 or more.
    pub learning_rate: f32,
    /// After so many updates the step size is half of what it was; 0: it stays.
    pub half_life: u64,
    /// Longer gradients are shortened to this norm; above 0.
    pub max_norm: f32,
    /// The gradient goes back so many steps of a life at a time; 0: through the whole life.
    pub truncation: u64,
    /// Share of the meta-parameters that decays per unit of step size: they are multiplied by `1 - learning_rate ·
    /// weight_decay` in every generation. 0 or more.
    pub weight_decay: f32,
}

impl Default for GradientDescentConfig {
    fn default() -> Self {
        GradientDescentConfig {
            batch: 16,
            learning_rate: 0.001,
            half_life: 0,
            max_norm: 25.0,
            truncation: 0,
            weight_decay: 0.0,
        }
    }
}

/// Gradient descent with Adam.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientDescent {
    config: GradientDescentConfig,
    ascent: Ascent,
}

impl GradientDescent {
    /// Begins at `theta`.
    ///
    /// # Errors
    /// A setting that makes no sense, by name.
    pub fn new(config: GradientDescentConfig, theta: Vec<f32>) -> Result<Self, OptimizerError> {
        count("batch", config.batch)?;
        refuse_unless(config.max_norm > 0.0, "max_norm", config.max_norm, "above 0")?;
        let ascent = Ascent::new(theta, config.learning_rate, config.half_life, config.weight_decay)?;
        Ok(GradientDescent { config, ascent })
    }
}

impl MetaOptimizer for GradientDescent {
    fn population(&self) -> usize {
        self.config.batch
    }

    fn ask(&self, _: u64, _: usize) -> Vec<f32> {
        self.theta().to_vec()
    }

    fn luck(&self, index: usize) -> u64 {
        index as u64
    }

    fn wants(&self) -> Wants {
        Wants::Gradients { truncation: self.config.truncation }
    }

    fn tell(&mut self, _: u64, _: &[f64]) -> bool {
        false
    }

    fn descend(&mut self, gradients: &[Option<Vec<f64>>]) -> bool {
        let valid: Vec<&Vec<f64>> =
            gradients.iter().flatten().filter(|gradient| gradient.iter().all(|g| g.is_finite())).collect();
        if valid.is_empty() {
            return false;
        }
        let mut down = vec![0.0; self.theta().len()];
        for gradient in &valid {
            down.iter_mut().zip(*gradient).for_each(|(down, g)| *down -= g / valid.len() as f64);
        }
        shortened(&down, self.config.max_norm).is_some_and(|down| self.ascent.climb(&down))
    }

    fn theta(&self) -> &[f32] {
        &self.ascent.theta
    }

    fn state(&self) -> OptimizerState {
        self.ascent.state()
    }

    fn restore(&mut self, state: &OptimizerState) -> Result<(), OptimizerError> {
        self.ascent.restore(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descent(config: GradientDescentConfig) -> GradientDescent {
        GradientDescent::new(config, vec![3.0, -2.0]).unwrap()
    }

    #[test]
    fn it_finds_the_bottom_of_a_bowl() {
        let mut descent = descent(GradientDescentConfig { batch: 2, learning_rate: 0.05, ..Default::default() });
        for _ in 0..500 {
            let gradient: Vec<f64> = descent.theta().iter().map(|x| 2.0 * f64::from(*x)).collect();
            assert!(descent.descend(&[Some(gradient.clone()), Some(gradient)]));
        }
        assert!(descent.theta().iter().all(|x| x.abs() < 1e-2), "{:?}", descent.theta());
    }

    #[test]
    fn invalid_members_weigh_nothing() {
        let mut alone = descent(GradientDescentConfig::default());
        let mut among = alone.clone();
        assert!(alone.descend(&[Some(vec![1.0, 2.0])]));
        assert!(among.descend(&[
            None,
            Some(vec![f64::NAN, 0.0]),
            Some(vec![1.0, 2.0]),
            Some(vec![f64::INFINITY, 0.0])
        ]));
        assert_eq!(alone, among);
        let before = among.clone();
        assert!(!among.descend(&[None, Some(vec![f64::NAN, 0.0])]));
        assert_eq!(among, before);
    }

    #[test]
    fn a_long_gradient_is_shortened() {
        let config = GradientDescentConfig { max_norm: 5.0, ..Default::default() };
        let (mut long, mut short) = (descent(config.clone()), descent(config));
        long.descend(&[Some(vec![300.0, 400.0])]);
        short.descend(&[Some(vec![3.0, 4.0])]);
        assert_eq!(long, short);
    }

    #[test]
    fn a_restored_one_goes_on_as_if_it_had_never_stopped() {
        let mut first = descent(GradientDescentConfig::default());
        first.descend(&[Some(vec![1.0, -1.0])]);
        let mut second = descent(GradientDescentConfig::default());
        second.restore(&first.state()).unwrap();
        for descent in [&mut first, &mut second] {
            descent.descend(&[Some(vec![0.5, 2.0])]);
        }
        assert_eq!(first, second);
        assert!(second.restore(&OptimizerState::default()).is_err());
    }

    #[test]
    fn settings_that_make_no_sense_are_named() {
        for (config, word) in [
            (GradientDescentConfig { batch: 0, ..Default::default() }, "batch"),
            (GradientDescentConfig { max_norm: 0.0, ..Default::default() }, "max_norm"),
            (GradientDescentConfig { learning_rate: f32::NAN, ..Default::default() }, "learning_rate"),
        ] {
            assert!(GradientDescent::new(config, vec![0.0]).unwrap_err().to_string().contains(word));
        }
    }
}
