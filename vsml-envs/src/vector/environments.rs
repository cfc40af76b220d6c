//! Environments in an array.
//!
//! The array is cut into pieces of a fixed length, whatever the number of threads, and each piece is stepped by one
//! thread; nothing is added up across environments, so there is nothing that an order could change.

use super::{Actions, Answers, Batch, VectorError, action_len};
use crate::lifetime::guard;
use crate::{Environment, Rng, Space};
use rayon::prelude::*;

/// Environments in one piece: enough that handing it to a thread costs little beside stepping it.
const PIECE: usize = 128;

/// Environments of one type, or `Box<dyn Environment>` of any, in an array.
#[derive(Clone, Debug)]
pub struct Environments<E> {
    environments: Vec<E>,
    observation_len: usize,
    action_len: usize,
}

impl<E: Environment> Environments<E> {
    /// These environments.
    pub fn new(environments: Vec<E>) -> Self {
        let first = environments.first();
        let observation_len = first.map_or(1, |first| first.observation_space().flat_len());
        let action_len = first.map_or(1, |first| action_len(&first.action_space()));
        Environments { environments, observation_len, action_len }
    }
}

/// A part of an array of environments, and where its answers go.
struct Piece<'a, E> {
    /// Index of its first environment in the array.
    start: usize,
    environments: &'a mut [E],
    rngs: &'a mut [Rng],
    answers: Answers<'a>,
}

impl<E: Environment> Piece<'_, E> {
    /// Steps those that are not idle; if one panics, the rest is left undone.
    fn step(
        self,
        actions: Actions<'_>,
        action_len: usize,
        idle: &[bool],
        observation_len: usize,
    ) -> Result<(), VectorError> {
        let Piece { start, environments, rngs, answers } = self;
        let mut at = start;
        let stepped = guard("step", || {
            let each = environments.iter_mut().zip(rngs).zip(answers.observations.chunks_exact_mut(observation_len));
            for (i, ((environment, rng), observation)) in each.enumerate() {
                at = start + i;
                if idle[at] {
                    continue;
                }
                let step = environment.step(actions.get(at, action_len), rng, observation);
                answers.rewards[i] = step.reward;
                answers.terminated[i] = step.terminated;
                answers.truncated[i] = step.truncated;
            }
        });
        stepped.map_err(|fault| VectorError::Fault { index: at, fault })
    }
}

impl<E: Environment> Batch for Environments<E> {
    fn len(&self) -> usize {
        self.environments.len()
    }

    fn observation_space(&self, i: usize) -> Space {
        self.environments[i].observation_space()
    }

    fn action_space(&self, i: usize) -> Space {
        self.environments[i].action_space()
    }

    fn reset(&mut self, i: usize, rng: &mut Rng, observation: &mut [f32]) {
        self.environments[i].reset(rng, observation);
    }

    fn step(
        &mut self,
        actions: Actions<'_>,
        idle: &[bool],
        rngs: &mut [Rng],
        answers: Answers<'_>,
    ) -> Result<(), VectorError> {
        let (action_len, observation_len) = (self.action_len, self.observation_len);
        let environments = &mut self.environments[..];
        if environments.len() <= PIECE {
            return Piece { start: 0, environments, rngs, answers }.step(actions, action_len, idle, observation_len);
        }
        let pieces = environments
            .par_chunks_mut(PIECE)
            .zip(rngs.par_chunks_mut(PIECE))
            .zip(answers.par_pieces(PIECE, observation_len))
            .enumerate()
            .map(|(number, ((environments, rngs), answers))| Piece {
                start: number * PIECE,
                environments,
                rngs,
                answers,
            });
        // Of several errors, that of the first environment.
        let first_error = pieces
            .filter_map(|piece| {
                let start = piece.start;
                Some((start, piece.step(actions, action_len, idle, observation_len).err()?))
            })
            .min_by_key(|(start, _)| *start);
        first_error.map_or(Ok(()), |(_, error)| Err(error))
    }
}
