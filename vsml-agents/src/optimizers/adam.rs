//! Adam (Kingma & Ba 2015, arXiv 1412.6980, algorithm 1), on a flat vector, with a state that can be stored.
//!
//! candle has one too, but keeps its moments private, so a run could not be resumed.

/// Adam's moments.
#[derive(Clone, Debug, PartialEq)]
pub struct Adam {
    /// Running mean of the gradient.
    pub first_moment: Vec<f32>,
    /// Running mean of the squared gradient.
    pub second_moment: Vec<f32>,
    /// Steps taken.
    pub steps: u64,
}

impl Adam {
    const BETA_1: f32 = 0.9;
    const BETA_2: f32 = 0.999;
    const EPSILON: f32 = 1e-8;

    /// Moments of 0 for `len` parameters.
    pub fn new(len: usize) -> Self {
        Adam { first_moment: vec![0.0; len], second_moment: vec![0.0; len], steps: 0 }
    }

    /// Moves `parameters` *up* `gradient` by a step of size about `rate`.
    pub fn ascend(&mut self, parameters: &mut [f32], gradient: &[f32], rate: f32) {
        self.steps += 1;
        // Beyond 2^31 steps the corrections have long been 1.
        let steps = i32::try_from(self.steps).unwrap_or(i32::MAX);
        let correction_1 = 1.0 - f64::from(Self::BETA_1).powi(steps);
        let correction_2 = 1.0 - f64::from(Self::BETA_2).powi(steps);
        let (rate, root_2) = (rate * (1.0 / correction_1) as f32, (1.0 / correction_2.sqrt()) as f32);
        for (((x, g), m), v) in
            parameters.iter_mut().zip(gradient).zip(&mut self.first_moment).zip(&mut self.second_moment)
        {
            *m = Self::BETA_1 * *m + (1.0 - Self::BETA_1) * g;
            *v = Self::BETA_2 * *v + (1.0 - Self::BETA_2) * g * g;
            *x += rate * *m / (v.sqrt() * root_2 + Self::EPSILON);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_steps_are_those_of_the_algorithm() {
        // Worked by hand: with a constant gradient g, both corrected moments are g and g², so every step is `rate`.
        let mut adam = Adam::new(2);
        let mut x = [1.0, -1.0];
        for step in 1..=3 {
            adam.ascend(&mut x, &[0.5, -2.0], 0.1);
            assert!(
                (x[0] - (1.0 + 0.1 * step as f32)).abs() < 1e-5 && (x[1] + 1.0 + 0.1 * step as f32).abs() < 1e-5,
                "{x:?}"
            );
        }
        // Then the gradient turns: m = 0.9 (0.271 · 0.5) - 0.1 · 0.5, v = 0.5² (1 - 0.999⁴).
        let before = x[0];
        adam.ascend(&mut x, &[-0.5, 0.0], 0.1);
        let expected = 0.1 * ((0.9 * 0.271 * 0.5 - 0.05) / (1.0 - 0.9f32.powi(4))) / 0.5;
        assert!((x[0] - before - expected).abs() < 1e-5, "{} {expected}", x[0] - before);
    }
}
