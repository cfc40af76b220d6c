//! Antithetic pairs: member `2 k` of a population is `theta + deviation · eps_k`, member `2 k + 1` is `theta - deviation ·
//! eps_k`, and both live with the same luck, so that the difference of their fitness is due to `eps_k` and not to chance.
//!
//! A perturbation is not stored: it is drawn from its key whenever it is needed, on whatever thread. The two of a pair stand
//! or fall together: where one fitness is invalid, both are set aside before anything is ranked.

use super::Shaping;
use rand::RngExt;
use rand_distr::StandardNormal;
use vsml_envs::stream;

/// A pair of which both members are valid.
pub(super) struct Pair {
    /// Its number in the population, from 0.
    pub(super) index: usize,
    /// Shaped fitness of the member at `+ eps`.
    pub(super) plus: f64,
    /// Shaped fitness of the member at `- eps`.
    pub(super) minus: f64,
}

/// The valid pairs of a population, in order, their fitness shaped among their members.
pub(super) fn valid(fitness: &[f64], shaping: Shaping) -> Vec<Pair> {
    let both = |pair: &[f64; 2]| pair[0].is_finite() && pair[1].is_finite();
    let pairs = fitness.as_chunks::<2>().0;
    let valid: Vec<usize> = (0..pairs.len()).filter(|&index| both(&pairs[index])).collect();
    let members: Vec<f64> = valid.iter().flat_map(|&index| pairs[index]).collect();
    let shaped = shaping.shape(members);
    let with_fitness = valid.into_iter().zip(shaped.as_chunks::<2>().0);
    with_fitness.map(|(index, &[plus, minus])| Pair { index, plus, minus }).collect()
}

/// The `len` standard normal numbers of the key (seed, generation, index): the `eps` of a pair, or of a member where there
/// are no pairs.
pub(super) fn perturbation(seed: u64, generation: u64, index: usize, len: usize) -> impl Iterator<Item = f32> {
    let mut rng = stream(seed, "perturbation", &[generation, index as u64]);
    (0..len).map(move |_| rng.sample(StandardNormal))
}

/// `size` for the first of a pair, `-size` for the second.
pub(super) fn signed(index: usize, size: f32) -> f32 {
    if index.is_multiple_of(2) { size } else { -size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_goes_with_its_invalid_member() {
        let pairs = valid(&[1.0, 2.0, f64::NAN, 9.0, 3.0, f64::INFINITY, 0.0, -1.0], Shaping::None);
        let seen: Vec<_> = pairs.iter().map(|pair| (pair.index, pair.plus, pair.minus)).collect();
        assert_eq!(seen, [(0, 1.0, 2.0), (3, 0.0, -1.0)]);
        let ranked = valid(&[1.0, 2.0, f64::NAN, 9.0, 3.0, f64::INFINITY, 0.0, -1.0], Shaping::CentredRanks);
        assert_eq!((ranked[0].minus, ranked[1].minus), (0.5, -0.5));
    }
}
