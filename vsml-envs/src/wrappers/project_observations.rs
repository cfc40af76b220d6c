//! Shows a task's observations through a random matrix.
//!
//! A permutation hides which number is which and leaves the numbers as they are; a random projection mixes them all. What
//! could be seen of a linear kind can still be seen (as far as there are enough numbers), but nothing of it is where it
//! was, and no two tasks look alike. With it, one data set makes as many tasks as anyone wants, and all inputs can be
//! given the same length.

use super::WrapperError;
use crate::{Action, Environment, Rng, Space, Step};
use rand::RngExt;
use rand_distr::StandardNormal;

/// Most numbers that can be asked for.
pub const MAX_PROJECTED: usize = 4096;
/// Most numbers in a matrix: 64 MiB.
const MAX_NUMBERS: usize = 1 << 24;
/// Sums of a row are kept in so many parts, which a processor adds at once.
const LANES: usize = 8;

/// Shows the product of a matrix with the inner observation, in `f32`.
///
/// The observation space becomes a box with bounds to match: a number of the product is least where each inner number is
/// at the bound that its factor's sign says.
#[derive(Clone, Debug)]
pub struct ProjectObservations<E> {
    inner: E,
    /// Row by row, `matrix.len() / inner_observation.len()` of them.
    matrix: Vec<f32>,
    space: Space,
    inner_observation: Vec<f32>,
}

impl<E: Environment> ProjectObservations<E> {
    /// Multiplies `inner`'s observations by `matrix`: row by row, each of as many numbers as an observation has.
    ///
    /// # Errors
    /// If the observation is no [`Space::Box`], the matrix has no row or part of one, or a number in it is NaN or infinite.
    pub fn new(inner: E, matrix: Vec<f32>) -> Result<Self, WrapperError> {
        let (low, high) = bounds(&inner)?;
        let len = low.len();
        if matrix.is_empty() || !matrix.len().is_multiple_of(len) || matrix.iter().any(|factor| !factor.is_finite()) {
            return Err(WrapperError::Matrix { given: matrix.len(), len });
        }
        let rows = matrix.chunks_exact(len);
        let shown = Space::Box {
            low: rows.clone().map(|row| bound(row, &low, &high, f32::min, f32::NEG_INFINITY)).collect(),
            high: rows.map(|row| bound(row, &low, &high, f32::max, f32::INFINITY)).collect(),
            shape: vec![matrix.len() / len],
        };
        Ok(ProjectObservations { inner, matrix, space: shown, inner_observation: vec![0.0; len] })
    }

    /// Draws a matrix of `rows` rows. Its numbers are Gaussian with a deviation of `1 / sqrt(d)`, where `d` is how many
    /// numbers an observation has: so what is shown is about as large as what is there.
    ///
    /// # Errors
    /// If the observation is no [`Space::Box`], `rows` is 0 or above [`MAX_PROJECTED`], or the matrix would have more than
    /// 2^24 numbers.
    pub fn random(inner: E, rows: usize, rng: &mut Rng) -> Result<Self, WrapperError> {
        let len = bounds(&inner)?.0.len();
        if rows == 0 || rows > MAX_PROJECTED || rows > MAX_NUMBERS / len {
            return Err(WrapperError::Rows { rows, greatest: MAX_PROJECTED.min(MAX_NUMBERS / len), len });
        }
        let deviation = 1.0 / (len as f32).sqrt();
        let matrix = (0..rows * len).map(|_| deviation * rng.sample::<f32, _>(StandardNormal)).collect();
        Self::new(inner, matrix)
    }

    fn show(&self, observation: &mut [f32]) {
        let rows = self.matrix.chunks_exact(self.inner_observation.len());
        for (shown, row) in observation.iter_mut().zip(rows) {
            *shown = sum_of_products(row, &self.inner_observation);
        }
    }
}

/// The bounds of `inner`'s observations.
fn bounds(inner: &impl Environment) -> Result<(Vec<f32>, Vec<f32>), WrapperError> {
    match inner.observation_space() {
        Space::Box { low, high, .. } if !low.is_empty() => Ok((low, high)),
        space => Err(WrapperError::Space {
            wrapper: "ProjectObservations",
            space,
            reason: "only the numbers of a Box can be mixed",
        }),
    }
}

fn sum_of_products(row: &[f32], numbers: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (row, numbers) = (row.chunks_exact(LANES), numbers.chunks_exact(LANES));
    let rest: f32 = row.remainder().iter().zip(numbers.remainder()).map(|(factor, number)| factor * number).sum();
    for (factors, numbers) in row.zip(numbers) {
        for ((sum, factor), number) in sums.iter_mut().zip(factors).zip(numbers) {
            *sum += factor * number;
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// The greatest (or least) value that a row's product can have.
///
/// Rounding keeps order: with every term at its greatest and the terms added in the same order as an observation's, the
/// sum is never below that of an observation, to the last bit. Where it is not a number, an infinite bound is right.
fn bound(row: &[f32], low: &[f32], high: &[f32], extreme: fn(f32, f32) -> f32, infinite: f32) -> f32 {
    let term = |i: usize| if row[i] == 0.0 { 0.0 } else { extreme(row[i] * low[i], row[i] * high[i]) };
    let terms: Vec<f32> = (0..row.len()).map(term).collect();
    let sum = sum_of_products(&vec![1.0; row.len()], &terms);
    if sum.is_nan() { infinite } else { sum }
}

impl<E: Environment + Clone> Environment for ProjectObservations<E> {
    forward_to_inner!(action_space, expected_rewards, target, table, picture);

    fn observation_space(&self) -> Space {
        self.space.clone()
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.inner.reset(rng, &mut self.inner_observation);
        self.show(observation);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let step = self.inner.step(action, rng, &mut self.inner_observation);
        self.show(observation);
        step
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Registry, stream};

    /// Shows numbers drawn from its space.
    #[derive(Debug, Clone)]
    struct Shows(Space);

    impl Environment for Shows {
        fn observation_space(&self) -> Space {
            self.0.clone()
        }
        fn action_space(&self) -> Space {
            Space::discrete(1)
        }
        fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
            observation.copy_from_slice(self.0.sample(rng).borrow().numbers());
        }
        fn step(&mut self, _: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
            self.reset(rng, observation);
            Step::going_on(0.0)
        }
    }

    #[test]
    fn the_product_and_its_bounds_are_shown() {
        let space = Space::Box { low: vec![1.0, -2.0, 5.0], high: vec![1.0, 4.0, f32::INFINITY], shape: vec![3] };
        let inner = Shows(space);
        let matrix = vec![1.0, 2.0, 0.0, -3.0, -0.5, 1.0];
        let mut environment = ProjectObservations::new(inner, matrix).unwrap();
        let expected = Space::Box { low: vec![-3.0, 0.0], high: vec![9.0, f32::INFINITY], shape: vec![2] };
        assert_eq!(environment.observation_space(), expected);
        let mut observation = [f32::NAN; 2];
        environment.reset(&mut stream(0, "project", &[]), &mut observation);
        let [a, b, c] = environment.inner_observation[..] else { panic!("three numbers") };
        assert_eq!(observation, [a + 2.0 * b, -3.0 * a - 0.5 * b + c]);
    }

    #[test]
    fn observations_at_their_bounds_stay_within_the_bounds_of_the_product() {
        for (task, len) in [1, 7, 8, 9, 100].into_iter().enumerate() {
            let mut rng = stream(0, "project", &[1, task as u64]);
            let inner = Shows(Space::uniform_box(-0.3052603, 0.6947397, len));
            let mut environment = ProjectObservations::random(inner, 20, &mut rng).unwrap();
            let matrix = environment.matrix.clone();
            for row in matrix.chunks_exact(len) {
                // Each number where this row's product is greatest.
                for (number, factor) in environment.inner_observation.iter_mut().zip(row) {
                    *number = if *factor > 0.0 { 0.6947397 } else { -0.3052603 };
                }
                let mut observation = [0.0; 20];
                environment.show(&mut observation);
                assert!(environment.observation_space().contains_flat(&observation), "{observation:?}");
            }
        }
    }

    #[test]
    fn what_is_shown_is_about_as_large_as_what_is_there() {
        let mut rng = stream(0, "project", &[2]);
        let inner = Shows(Space::uniform_box(f32::NEG_INFINITY, f32::INFINITY, 500));
        let mut environment = ProjectObservations::random(inner, 2000, &mut rng).unwrap();
        let mut observation = vec![0.0; 2000];
        environment.reset(&mut rng, &mut observation);
        let square = |numbers: &[f32]| numbers.iter().map(|x| f64::from(x * x)).sum::<f64>() / numbers.len() as f64;
        let ratio = square(&observation) / square(&environment.inner_observation);
        assert!((ratio - 1.0).abs() < 0.13, "{ratio}: standard deviation 0.032");
    }

    #[test]
    fn tasks_have_matrices_of_their_own_over_the_same_inner_task() {
        let shown = |spec: &str, task: u64| {
            let mut rng = stream(0, "project", &[3, task]);
            let mut environment = Registry::builtin().make(spec).unwrap().distribution.sample(&mut rng);
            let mut observation = vec![0.0; environment.observation_space().flat_len()];
            let mut rng = stream(0, "project", &[4]);
            environment.reset(&mut rng, &mut observation);
            environment.step(Action::Discrete(0), &mut rng, &mut vec![0.0; observation.len()]);
            (observation, environment.target())
        };
        let plain = shown("Digits-v0", 0);
        let projected = shown("Digits-v0:project_observations=30", 0);
        assert_eq!((plain.1, projected.0.len()), (projected.1, 30));
        assert_ne!(projected.0, shown("Digits-v0:project_observations=30", 1).0);
        assert_ne!(projected.0, shown("Digits-v0:project_observations=30,permute_observations=true", 0).0);
    }

    #[test]
    fn what_cannot_be_projected_is_refused() {
        let inner = || Shows(Space::uniform_box(0.0, 1.0, 3));
        for matrix in [vec![], vec![1.0; 4], vec![1.0, f32::NAN, 1.0]] {
            assert!(matches!(ProjectObservations::new(inner(), matrix), Err(WrapperError::Matrix { len: 3, .. })));
        }
        let refused = |inner, rows| {
            ProjectObservations::random(Shows(inner), rows, &mut stream(0, "project", &[5])).unwrap_err().to_string()
        };
        assert!(refused(Space::uniform_box(0.0, 1.0, 3), 0).contains("1 to 4096"));
        assert!(refused(Space::uniform_box(0.0, 1.0, 3), 4097).contains("1 to 4096"));
        assert!(refused(Space::uniform_box(0.0, 1.0, 1 << 20), 17).contains("1 to 16"));
        assert!(refused(Space::discrete(3), 2).contains("only the numbers of a Box"));
    }
}
