//! Fitness shaping: what becomes of fitness before an optimizer looks at it.
//!
//! *Ranks* instead of fitness: an optimizer that looks at nothing else does the same whatever monotone function is put over the
//! fitness, and no single lucky life moves it far. Members of equal fitness are treated alike: they share the mean of what their
//! ranks would get. On a plateau nobody is preferred, least of all by the order in which members happen to stand. What is lost is
//! by how much one is better than another: the slope of ranks is not that of the mean fitness.
//!
//! Fitness *standardised* keeps that, and loses no more than the unit: the step is as long whether rewards are cents or dollars.

use serde::{Deserialize, Serialize};

/// What becomes of the fitness of the valid members of a generation before it weighs perturbations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shaping {
    /// It is replaced by its rank, scaled to [-1/2, 1/2] (Wierstra et al. 2014, JMLR 15, section 3.1; Salimans et al. 2017).
    #[default]
    CentredRanks,
    /// Its mean is subtracted, and it is divided by its standard deviation.
    Standardised,
    /// It stays as it is.
    None,
}

impl Shaping {
    /// The shaped fitness of valid members.
    pub(super) fn shape(self, fitness: Vec<f64>) -> Vec<f64> {
        match self {
            Shaping::CentredRanks => centred_ranks(&fitness),
            Shaping::Standardised => standardised(&fitness),
            Shaping::None => fitness,
        }
    }
}

/// Values less their mean, in units of their standard deviation; all 0 where there is none.
fn standardised(values: &[f64]) -> Vec<f64> {
    let count = values.len() as f64;
    let mean = values.iter().map(|value| value / count).sum::<f64>();
    let deviation = values.iter().map(|value| (value - mean).powi(2) / count).sum::<f64>().sqrt();
    let share = |value: &f64| if deviation > 0.0 { (value - mean) / deviation } else { 0.0 };
    values.iter().map(share).collect()
}

/// Ranks scaled to [-1/2, 1/2]; equal values share the mean of their ranks, so that all-equal values are all 0.
fn centred_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]).then(a.cmp(&b)));
    let mut ranks = vec![0.0; values.len()];
    let last = values.len().saturating_sub(1) as f64;
    let mut first = 0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = first as f64 + (tied.len() - 1) as f64 / 2.0;
        for &index in tied {
            ranks[index] = rank / last - 0.5;
        }
        first += tied.len();
    }
    ranks
}

/// The valid members, best first; members of equal fitness in order of their index.
pub(super) fn best_first(fitness: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..fitness.len()).filter(|&index| fitness[index].is_finite()).collect();
    // 0 and -0 are equal; without the sum they would not be to `total_cmp`.
    order.sort_by(|&a, &b| (fitness[b] + 0.0).total_cmp(&(fitness[a] + 0.0)).then(a.cmp(&b)));
    order
}

/// Evens out `weights`, one for each rank of `order`, among members of equal fitness.
pub(super) fn share_among_equals(weights: &mut [f64], order: &[usize], fitness: &[f64]) {
    let mut first = 0;
    for tied in order.chunk_by(|&a, &b| fitness[a] == fitness[b]) {
        let of_tied = &mut weights[first..first + tied.len()];
        let mean = of_tied.iter().sum::<f64>() / tied.len() as f64;
        if tied.len() > 1 {
            of_tied.fill(mean);
        }
        first += tied.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_centred_and_ties_share() {
        assert_eq!(centred_ranks(&[3.0, 1.0, 2.0]), [0.5, -0.5, 0.0]);
        assert_eq!(centred_ranks(&[7.0, 7.0, 7.0, 7.0]), [0.0; 4]);
        assert_eq!(centred_ranks(&[1.0, 5.0, 5.0]), [-0.5, 0.25, 0.25]);
        assert_eq!(centred_ranks(&[-0.0, 0.0]), [0.0, 0.0]);
    }

    #[test]
    fn standardised_fitness_has_no_unit() {
        let shaped = Shaping::Standardised.shape(vec![1.0, 3.0, 1.0, 3.0]);
        assert_eq!(shaped, [-1.0, 1.0, -1.0, 1.0]);
        assert_eq!(Shaping::Standardised.shape(vec![1000.0, 3000.0, 1000.0, 3000.0]), shaped);
        assert_eq!(Shaping::Standardised.shape(vec![7.0; 3]), [0.0; 3]);
        assert_eq!(Shaping::None.shape(vec![7.0, -1.0]), [7.0, -1.0]);
    }

    #[test]
    fn the_best_come_first_and_the_invalid_not_at_all() {
        let fitness = [1.0, f64::NAN, 3.0, -0.0, f64::INFINITY, 3.0, 0.0, f64::NEG_INFINITY, -f64::NAN];
        assert_eq!(best_first(&fitness), [2, 5, 0, 3, 6]);
    }

    #[test]
    fn equals_share_their_weights() {
        let fitness = [1.0, 4.0, 1.0, 0.5];
        let mut weights = [4.0, 2.0, 1.0, 0.0];
        share_among_equals(&mut weights, &best_first(&fitness), &fitness);
        assert_eq!(weights, [4.0, 1.5, 1.5, 0.0]);
    }
}
