//! Bandits side by side, arm after arm in one array.
//!
//! A pull is one random number and one look at an arm. In an array of environments that look goes by way of two pointers,
//! for each bandit has its arms somewhere else; here all arms lie in one table, bandit after bandit, and stepping is a walk
//! along it.

use crate::vector::{Actions, Answers, Batch, VectorError};
use crate::{Rng, Space};
use rayon::prelude::*;

/// Bandits that are handed to a thread at once.
const PIECE: usize = 512;

/// What an arm pays.
pub(super) trait Arm: Copy + Send + Sync {
    /// A pull. Must not panic.
    fn pull(self, rng: &mut Rng) -> f64;
}

/// Bandits of as many arms each, which see nothing and never end.
pub(super) struct BanditRows<A> {
    bandits: usize,
    arms: usize,
    /// The arms of the first bandit, then those of the second, and so on.
    table: Vec<A>,
}

impl<A: Arm> BanditRows<A> {
    /// These bandits, each as its arms.
    pub(super) fn new(bandits: impl ExactSizeIterator<Item = Vec<A>>) -> Self {
        let number = bandits.len();
        let table: Vec<A> = bandits.flatten().collect();
        BanditRows { bandits: number, arms: table.len().checked_div(number).unwrap_or(0), table }
    }
}

impl<A: Arm> Batch for BanditRows<A> {
    fn len(&self) -> usize {
        self.bandits
    }

    fn observation_space(&self, _: usize) -> Space {
        Space::uniform_box(1.0, 1.0, 1)
    }

    fn action_space(&self, _: usize) -> Space {
        Space::discrete(self.arms)
    }

    fn reset(&mut self, _: usize, _: &mut Rng, observation: &mut [f32]) {
        observation[0] = 1.0;
    }

    fn step(
        &mut self,
        actions: Actions<'_>,
        _: &[bool], // None ends, so none is idle.
        rngs: &mut [Rng],
        answers: Answers<'_>,
    ) -> Result<(), VectorError> {
        let Actions::Discrete(pulls) = actions else { panic!("a bandit was given {actions:?}") };
        let arms = self.arms;
        let step = |bandits: &[A], pulls: &[usize], rngs: &mut [Rng], answers: Answers<'_>| {
            let each = bandits.chunks_exact(arms).zip(pulls).zip(rngs);
            for (((bandit, pull), rng), reward) in each.zip(answers.rewards.iter_mut()) {
                *reward = bandit[*pull].pull(rng);
            }
            answers.observations.fill(1.0);
            answers.terminated.fill(false);
            answers.truncated.fill(false);
        };
        if pulls.len() <= PIECE {
            step(&self.table, pulls, rngs, answers);
        } else {
            self.table
                .par_chunks(PIECE * arms)
                .zip(pulls.par_chunks(PIECE))
                .zip(rngs.par_chunks_mut(PIECE))
                .zip(answers.par_pieces(PIECE, 1))
                .for_each(|(((bandits, pulls), rngs), answers)| step(bandits, pulls, rngs, answers));
        }
        Ok(())
    }
}
