//! A few random pictures with random labels: what can only be learnt by heart.

use super::{Examples, MAX_CLASSES, MAX_NUMBERS, SupervisedStream, check_count};
use crate::registry::Family;
use crate::wrappers::Span;
use crate::{Environment, Rng, Space, TaskDistribution};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

/// Far from where an `f32` loses count of anything.
const GREATEST_NOISE: f64 = 1e6;

/// Random inputs with random labels: `RandomLabels-v0`.
///
/// # Description
/// The *Random* data set of Kirsch & Schmidhuber (2021, arXiv 2012.14905): each task draws a few Gaussian images and a
/// label for each; every example is one of them. Nothing carries over from task to task but how to learn by heart. At
/// the first sight of an image nobody can do better than chance, so with 20 images and 10 labels even perfect memory has
/// about 82.1 of the first 100 examples right.
///
/// # Action space
/// `Discrete(classes)`: the guess.
///
/// # Observation space
/// `Box(-inf, inf, [inputs])`: the image, standard Gaussian.
///
/// # Rewards
/// 1 if the guess is the label, otherwise 0; the target tells the label.
///
/// # Starting state
/// Any of the images; so is every next one, uniformly and with replacement.
///
/// # Episode end
/// Never. Lifetimes are counted in steps, 500 by default.
///
/// # Arguments
/// `images` (20), `inputs` (784), `classes` (10), `noise` (0): the fields below. With noise, an image is a class of points
/// with a label, and learning by heart no longer suffices; the published set has none.
///
/// # Differences from the source
/// None known; whether the source draws examples with replacement is not said there. The labels are drawn one by one, so
/// some classes may have several images and some none.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandomLabels {
    /// Number of different images.
    pub images: usize,
    /// Numbers in an image.
    pub inputs: usize,
    /// Number of labels to draw from.
    pub classes: usize,
    /// Standard deviation of the noise on each number, new at every sight of an image. A range is drawn from once for each
    /// task.
    pub noise: Span,
}

impl Default for RandomLabels {
    fn default() -> Self {
        RandomLabels { images: 20, inputs: 784, classes: 10, noise: Span::single(0.0) }
    }
}

/// The images of one task.
#[derive(Clone)]
struct Images {
    family: RandomLabels,
    /// Image `i` is `pixels[i * inputs..][..inputs]`.
    pixels: Vec<f32>,
    labels: Vec<usize>,
    noise: f32,
}

impl Examples for Images {
    fn space(&self) -> Space {
        Space::uniform_box(f32::NEG_INFINITY, f32::INFINITY, self.family.inputs)
    }

    fn classes(&self) -> usize {
        self.family.classes
    }

    fn draw(&mut self, rng: &mut Rng, input: &mut [f32]) -> usize {
        let image = rng.random_range(0..self.labels.len() as u64) as usize;
        let start = image * self.family.inputs;
        input.copy_from_slice(&self.pixels[start..start + self.family.inputs]);
        if self.noise > 0.0 {
            input.iter_mut().for_each(|number| *number += self.noise * rng.sample::<f32, _>(StandardNormal));
        }
        self.labels[image]
    }
}

impl TaskDistribution for RandomLabels {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        let pixels = (0..self.images * self.inputs).map(|_| rng.sample(StandardNormal)).collect();
        let labels = (0..self.images).map(|_| rng.random_range(0..self.classes as u64) as usize).collect();
        let noise = self.noise.sample(rng) as f32;
        Box::new(SupervisedStream::new(Images { family: self.clone(), pixels, labels, noise }))
    }
}

impl Family for RandomLabels {
    fn check(&self) -> Result<(), String> {
        check_count("images", self.images, 1, MAX_NUMBERS)?;
        check_count("inputs", self.inputs, 1, MAX_NUMBERS)?;
        check_count("classes", self.classes, 1, MAX_CLASSES)?;
        if self.noise.low() < 0.0 || self.noise.high() > GREATEST_NOISE {
            return Err(format!("`noise` is {}: it must lie within 0..{GREATEST_NOISE}", self.noise));
        }
        match self.images.checked_mul(self.inputs) {
            Some(numbers) if numbers <= MAX_NUMBERS => Ok(()),
            _ => Err(format!(
                "`images` is {} and `inputs` {}: together they may be at most {MAX_NUMBERS} numbers",
                self.images, self.inputs
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, stream};
    use std::collections::BTreeMap;

    #[test]
    fn each_image_keeps_its_label_and_comes_up_as_often_as_any_other() {
        let family = RandomLabels { images: 8, inputs: 5, classes: 4, ..RandomLabels::default() };
        let mut labels = BTreeMap::new();
        for task in 0..500 {
            let mut rng = stream(0, "random labels", &[task]);
            let mut environment = family.sample(&mut rng);
            let mut observation = [0.0; 5];
            environment.reset(&mut rng, &mut observation);
            let mut seen: BTreeMap<[u32; 5], (usize, u32)> = BTreeMap::new();
            for _ in 0..400 {
                let image = observation.map(f32::to_bits);
                environment.step(Action::Discrete(0), &mut rng, &mut observation);
                let target = environment.target().unwrap();
                let (label, count) = seen.entry(image).or_insert((target, 0));
                assert_eq!(*label, target);
                *count += 1;
            }
            assert_eq!(seen.len(), 8);
            // 50 of each; the standard deviation is 6.6.
            assert!(seen.values().all(|(_, count)| (15..90).contains(count)), "{seen:?}");
            seen.values().for_each(|(label, _)| *labels.entry(*label).or_insert(0) += 1);
        }
        // 1000 of each label; the standard deviation is 27.
        assert!(labels.len() == 4 && labels.values().all(|count| (880..1120).contains(count)), "{labels:?}");
    }

    #[test]
    fn images_are_standard_gaussian() {
        let mut rng = stream(0, "random labels", &[1]);
        let mut environment =
            RandomLabels { images: 1, inputs: 100_000, classes: 1, ..RandomLabels::default() }.sample(&mut rng);
        let mut observation = vec![0.0; 100_000];
        environment.reset(&mut rng, &mut observation);
        let moment = |power| observation.iter().map(|&x| f64::from(x).powi(power)).sum::<f64>() / 1e5;
        // Standard errors: 0.0032 and 0.0045.
        assert!(moment(1).abs() < 0.015 && (moment(2) - 1.0).abs() < 0.02, "{} {}", moment(1), moment(2));
    }

    #[test]
    fn noise_is_new_at_every_sight() {
        let mut rng = stream(0, "random labels", &[2]);
        let family = RandomLabels { images: 1, inputs: 10_000, noise: Span::single(0.5), ..RandomLabels::default() };
        let mut environment = family.sample(&mut rng);
        let mut sights = [vec![0.0; 10_000], vec![0.0; 10_000]];
        environment.reset(&mut rng, &mut sights[0]);
        environment.step(Action::Discrete(0), &mut rng, &mut sights[1]);
        let differences = sights[0].iter().zip(&sights[1]).map(|(a, b)| f64::from(a - b).powi(2));
        // Twice the variance of the noise; the standard error is 0.007.
        assert!((differences.sum::<f64>() / 1e4 - 0.5).abs() < 0.03);
    }

    #[test]
    fn nonsense_is_refused() {
        let refused = |family: RandomLabels| family.check().unwrap_err();
        let defaults = RandomLabels::default;
        assert!(refused(RandomLabels { images: 0, ..defaults() }).contains("`images` is 0"));
        assert!(refused(RandomLabels { classes: 0, ..defaults() }).contains("`classes`"));
        assert!(refused(RandomLabels { images: MAX_NUMBERS, ..defaults() }).contains("together"));
        assert!(refused(RandomLabels { noise: Span::between(-1.0, 1.0), ..defaults() }).contains("`noise`"));
        assert!(refused(RandomLabels { inputs: usize::MAX, ..defaults() }).contains("`inputs`"));
    }
}
