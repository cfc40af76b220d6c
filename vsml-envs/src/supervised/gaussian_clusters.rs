//! Clouds of points, each with a name: the classification task whose difficulty can be set.

use super::{Examples, MAX_CLASSES, MAX_NUMBERS, SupervisedStream, check_count};
use crate::registry::Family;
use crate::wrappers::Span;
use crate::{Environment, Rng, Space, TaskDistribution};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

/// Points around class centres: `GaussianClusters-v0`.
///
/// # Description
/// Each task draws a centre for every class; an example is the centre of its class plus noise. Where the centres lie is
/// what has to be learnt.
///
/// # Action space
/// `Discrete(classes)`: the guess.
///
/// # Observation space
/// `Box(-inf, inf, [inputs])`: the point.
///
/// # Rewards
/// 1 if the guess is the class, otherwise 0; the target tells the class.
///
/// # Starting state
/// A point of any class, each equally likely; so is every next one.
///
/// # Episode end
/// Never. Lifetimes are counted in steps, 500 by default.
///
/// # Arguments
/// `classes` (2), `inputs` (16), `separation` (3), `noise` (1): the fields below. Only `separation / noise` matters to a
/// learner that does not mind the scale of its inputs. Two centres are about `separation * sqrt(2)` apart, so by the
/// defaults who knows them is right in about 98 % of all cases; in few dimensions some tasks are much harder than that.
///
/// # Differences from the source
/// It has none.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GaussianClusters {
    /// Number of centres.
    pub classes: usize,
    /// Numbers in a point.
    pub inputs: usize,
    /// How far centres lie from the origin (root mean square): each number of a centre is Gaussian with a deviation of
    /// `separation / sqrt(inputs)`. A range is drawn from once for each task.
    pub separation: Span,
    /// Standard deviation of a point from its centre, in each number. A range is drawn from once for each task.
    pub noise: Span,
}

impl Default for GaussianClusters {
    fn default() -> Self {
        GaussianClusters { classes: 2, inputs: 16, separation: Span::single(3.0), noise: Span::single(1.0) }
    }
}

/// The centres of one task.
#[derive(Clone)]
struct Clusters {
    family: GaussianClusters,
    /// Centre `i` is `centres[i * inputs..][..inputs]`.
    centres: Vec<f32>,
    noise: f32,
}

impl Examples for Clusters {
    fn space(&self) -> Space {
        Space::uniform_box(f32::NEG_INFINITY, f32::INFINITY, self.family.inputs)
    }

    fn classes(&self) -> usize {
        self.family.classes
    }

    fn draw(&mut self, rng: &mut Rng, input: &mut [f32]) -> usize {
        let class = rng.random_range(0..self.family.classes as u64) as usize;
        let centre = &self.centres[class * self.family.inputs..];
        for (number, centre) in input.iter_mut().zip(centre) {
            *number = centre + self.noise * rng.sample::<f32, _>(StandardNormal);
        }
        class
    }
}

impl TaskDistribution for GaussianClusters {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        let (separation, noise) = (self.separation.sample(rng), self.noise.sample(rng));
        let deviation = (separation / (self.inputs as f64).sqrt()) as f32;
        let centres =
            (0..self.classes * self.inputs).map(|_| deviation * rng.sample::<f32, _>(StandardNormal)).collect();
        Box::new(SupervisedStream::new(Clusters { family: self.clone(), centres, noise: noise as f32 }))
    }
}

impl Family for GaussianClusters {
    fn check(&self) -> Result<(), String> {
        /// Far from where an `f32` loses count of anything.
        const GREATEST: f64 = 1e6;
        check_count("classes", self.classes, 1, MAX_CLASSES)?;
        check_count("inputs", self.inputs, 1, MAX_NUMBERS / self.classes)?;
        for (name, span) in [("separation", self.separation), ("noise", self.noise)] {
            if span.low() < 0.0 || span.high() > GREATEST {
                return Err(format!("`{name}` is {span}: it must lie within 0..{GREATEST}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, stream};

    /// Points of one task by class.
    fn points(family: &GaussianClusters, task: u64) -> Vec<Vec<Vec<f32>>> {
        family.check().unwrap();
        let mut rng = stream(0, "clusters", &[task]);
        let mut environment = family.sample(&mut rng);
        let mut observation = vec![0.0; family.inputs];
        let mut points = vec![Vec::new(); family.classes];
        environment.reset(&mut rng, &mut observation);
        for _ in 0..3000 {
            let point = observation.clone();
            environment.step(Action::Discrete(0), &mut rng, &mut observation);
            points[environment.target().unwrap()].push(point);
        }
        points
    }

    #[test]
    fn points_lie_around_centres_at_the_distance_asked_for() {
        let family =
            GaussianClusters { classes: 3, inputs: 50, separation: Span::single(6.0), noise: Span::single(0.5) };
        let mut distance = 0.0;
        for task in 0..10 {
            for cluster in points(&family, task) {
                let count = cluster.len() as f64;
                assert!((850.0..1150.0).contains(&count), "{count}: standard deviation 26");
                let mean = |i: usize| cluster.iter().map(|point| f64::from(point[i])).sum::<f64>() / count;
                let centre: Vec<f64> = (0..50).map(mean).collect();
                let deviation = |point: &Vec<f32>| -> f64 {
                    point.iter().zip(&centre).map(|(x, centre)| (f64::from(*x) - centre).powi(2)).sum()
                };
                let noise = (cluster.iter().map(deviation).sum::<f64>() / count / 50.0).sqrt();
                assert!((noise - 0.5).abs() < 0.01, "{noise}");
                distance += centre.iter().map(|x| x * x).sum::<f64>() / 30.0;
            }
        }
        // 36 on average; of 30 centres in 50 dimensions the standard error is 1.3.
        assert!((distance - 36.0).abs() < 6.0, "{distance}");
    }

    #[test]
    fn without_noise_every_point_is_its_centre() {
        let family = GaussianClusters { noise: Span::single(0.0), ..GaussianClusters::default() };
        for cluster in points(&family, 0) {
            assert!(cluster.iter().all(|point| *point == cluster[0]));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let refused = |family: GaussianClusters| family.check().unwrap_err();
        let defaults = GaussianClusters::default;
        assert!(refused(GaussianClusters { classes: 0, ..defaults() }).contains("`classes`"));
        assert!(refused(GaussianClusters { inputs: MAX_NUMBERS, ..defaults() }).contains("`inputs`"));
        assert!(refused(GaussianClusters { noise: Span::between(-1.0, 1.0), ..defaults() }).contains("`noise`"));
        assert!(refused(GaussianClusters { separation: Span::single(1e9), ..defaults() }).contains("`separation`"));
    }
}
