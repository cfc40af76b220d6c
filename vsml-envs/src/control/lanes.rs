//! Machines as structures of arrays, which a processor steps several at a time.
//!
//! The step of a machine is arithmetic: a few numbers for its make, a few for its state, one for the action. If it has no
//! branches, and if the same number of many machines lies side by side, the compiler has a processor do it for as many
//! machines as it has lanes. So each [`Machine`] writes its step down once, as a function of numbers, and both ways to run
//! it come from there: [`step_alone`] for the environment and [`MachineBatch`] for many. Nothing is written twice, so the
//! two cannot part; the results are the same to the last bit.
//!
//! Two things stand in the way, and [`Mathematics`] is what a step asks for both. Sine and cosine choose their series by
//! the angle; in lanes, one form serves all angles up to 100,000, with equal bits. And there are cases that hardly ever
//! come up but need a loop or a library, such as larger angles: alone they are computed when they do; lanes only note that
//! there was one ([`Mathematics::unless`]), and the machines of that block then step one by one instead.
//!
//! The arrays are cut into blocks that stay in the processor's nearest memory. Where the processor can fuse a
//! multiplication with an addition, this is used for one thing only: what a product loses by rounding, which it gives
//! exactly, as the longer way does.

use super::trigonometry::{Pair, in_any_lane, in_reach, nearest_whole, product, product_fused, sin_cos, small_sin_cos};
use crate::vector::{Actions, Answers, Batch, VectorError};
use crate::{Environment, Rng, Space, Step};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use std::f64::consts::TAU;
use std::marker::PhantomData;

/// Machines in a block.
const BLOCK: usize = 64;

/// Blocks that are handed to a thread at once: enough that this costs little beside stepping them.
const PIECE: usize = 8;

/// What a step asks for beyond the four basic operations.
pub(super) trait Mathematics {
    /// Sine and cosine of an angle, in radians.
    fn sin_cos(&mut self, angle: f64) -> (f64, f64);

    /// The same of an angle up to [`SMALL`](super::trigonometry::SMALL), for which there is less to do. Beyond, lanes have
    /// something else.
    fn sin_cos_of_small(&mut self, angle: f64) -> (f64, f64);

    /// A product and what it lost by rounding.
    fn product(&self, a: f64, b: f64) -> Pair;

    /// What is `usual`, unless the case is `rare`. What is usual is computed in any case, and must not panic.
    fn unless<T>(&mut self, rare: bool, usual: T, otherwise: impl FnOnce() -> T) -> T;
}

/// For one machine: each case is computed as it comes.
pub(super) struct Alone;

impl Mathematics for Alone {
    #[inline(always)]
    fn sin_cos(&mut self, angle: f64) -> (f64, f64) {
        sin_cos(angle)
    }

    #[inline(always)]
    fn sin_cos_of_small(&mut self, angle: f64) -> (f64, f64) {
        sin_cos(angle)
    }

    #[inline(always)]
    fn product(&self, a: f64, b: f64) -> Pair {
        product(a, b)
    }

    #[inline(always)]
    fn unless<T>(&mut self, rare: bool, usual: T, otherwise: impl FnOnce() -> T) -> T {
        if rare { otherwise() } else { usual }
    }
}

/// For machines side by side: no branches, and it is noted whether one would have been needed.
struct Lanes<P> {
    product: P,
    rare: bool,
}

impl<P: Fn(f64, f64) -> Pair + Copy> Mathematics for Lanes<P> {
    #[inline(always)]
    fn sin_cos(&mut self, angle: f64) -> (f64, f64) {
        self.rare |= !in_reach(angle);
        in_any_lane(angle, self.product)
    }

    #[inline(always)]
    fn sin_cos_of_small(&mut self, angle: f64) -> (f64, f64) {
        small_sin_cos(angle, self.product)
    }

    #[inline(always)]
    fn product(&self, a: f64, b: f64) -> Pair {
        (self.product)(a, b)
    }

    #[inline(always)]
    fn unless<T>(&mut self, rare: bool, usual: T, _: impl FnOnce() -> T) -> T {
        self.rare |= rare;
        usual
    }
}

/// `x`, or the bound that it is beyond; like `f64::clamp`, but without asking whether the bounds are any.
#[inline(always)]
pub(super) fn clamped(x: f64, low: f64, high: f64) -> f64 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// The same angle from 0 to 2π: its remainder by the circle, exact, before it is made positive.
///
/// For angles [in reach](in_reach) the remainder is what is left when the nearest number of whole circles is taken away,
/// which loses nothing. If that is negative it was one circle too many, and putting it back gives what `%` would have.
#[inline(always)]
pub(super) fn within_circle(angle: f64, mathematics: &mut impl Mathematics) -> f64 {
    let circles = nearest_whole(angle / TAU);
    let (most, more) = mathematics.product(circles, TAU);
    let rest = mathematics.unless(!in_reach(angle), (angle - most) - more, || angle % TAU);
    if rest < 0.0 { rest + TAU } else { rest }
}

/// What a step makes of a machine.
pub(super) struct Stepped<const STATE: usize, const SHOWN: usize> {
    /// The state after it.
    pub(super) state: [f64; STATE],
    /// The observation after it.
    pub(super) shown: [f32; SHOWN],
    pub(super) reward: f64,
    pub(super) terminated: bool,
}

/// An environment whose step is arithmetic and draws no random number: `MAKE` numbers say how it is made, `STATE` numbers
/// what state it is in, `SHOWN` numbers are seen of it.
pub(super) trait Machine<const MAKE: usize, const STATE: usize, const SHOWN: usize>: Environment {
    /// The numbers of its make, or what a step needs of them.
    fn make(&self) -> [f64; MAKE];

    /// Its state.
    fn numbers(&self) -> [f64; STATE];

    /// Puts it into a state.
    fn set_numbers(&mut self, state: [f64; STATE]);

    /// A step with the number of an action, or with its index. Must not branch, or few lanes are used; must be inlined,
    /// or none are.
    fn advance(
        make: [f64; MAKE],
        state: [f64; STATE],
        action: f64,
        mathematics: &mut impl Mathematics,
    ) -> Stepped<STATE, SHOWN>;
}

/// Steps one machine and writes what is seen of it.
#[inline]
pub(super) fn step_alone<M, const MAKE: usize, const STATE: usize, const SHOWN: usize>(
    machine: &mut M,
    action: f64,
    observation: &mut [f32],
) -> Step
where
    M: Machine<MAKE, STATE, SHOWN>,
{
    let stepped = M::advance(machine.make(), machine.numbers(), action, &mut Alone);
    settle(machine, stepped, observation)
}

/// Puts a machine where a step takes it and writes what is then seen of it.
#[inline]
pub(super) fn settle<M, const MAKE: usize, const STATE: usize, const SHOWN: usize>(
    machine: &mut M,
    stepped: Stepped<STATE, SHOWN>,
    observation: &mut [f32],
) -> Step
where
    M: Machine<MAKE, STATE, SHOWN>,
{
    let Stepped { state, shown, reward, terminated } = stepped;
    machine.set_numbers(state);
    observation.copy_from_slice(&shown);
    Step { reward, terminated, truncated: false }
}

/// The numbers of some machines: the first of each, then the second of each, and so on. Where there are fewer than a block
/// holds, the spare lanes hold machines at zero, since a loop of one length is faster than one that may be shorter.
struct Block<const MAKE: usize, const STATE: usize> {
    make: [[f64; BLOCK]; MAKE],
    state: [[f64; BLOCK]; STATE],
    steps: [u64; BLOCK],
}

/// Machines of one kind, each with a limit of steps.
pub(super) struct MachineBatch<M, const MAKE: usize, const STATE: usize, const SHOWN: usize> {
    /// The machines as they are alone: for their spaces, and for resets.
    machines: Vec<M>,
    blocks: Vec<Block<MAKE, STATE>>,
    max_episode_steps: u64,
}

impl<M, const MAKE: usize, const STATE: usize, const SHOWN: usize> MachineBatch<M, MAKE, STATE, SHOWN>
where
    M: Machine<MAKE, STATE, SHOWN>,
{
    /// These machines. They are to be reset before they are stepped.
    pub(super) fn new(machines: impl Iterator<Item = M>, max_episode_steps: u64) -> Self {
        let machines: Vec<M> = machines.collect();
        let block = |machines: &[M]| {
            let mut block = Block { make: [[0.0; BLOCK]; MAKE], state: [[0.0; BLOCK]; STATE], steps: [0; BLOCK] };
            for lane in 0..BLOCK {
                put(&mut block.make, lane, machines.get(lane).unwrap_or(&machines[0]).make());
            }
            block
        };
        MachineBatch { blocks: machines.chunks(BLOCK).map(block).collect(), machines, max_episode_steps }
    }
}

/// Row by row, the numbers of one lane.
#[inline(always)]
fn get<const N: usize>(rows: &[[f64; BLOCK]; N], lane: usize) -> [f64; N] {
    std::array::from_fn(|row| rows[row][lane])
}

/// Writes the numbers of one lane, row by row.
#[inline(always)]
fn put<T: Copy, const N: usize>(rows: &mut [[T; BLOCK]; N], lane: usize, numbers: [T; N]) {
    for (row, number) in rows.iter_mut().zip(numbers) {
        row[lane] = number;
    }
}

impl<M, const MAKE: usize, const STATE: usize, const SHOWN: usize> Batch for MachineBatch<M, MAKE, STATE, SHOWN>
where
    M: Machine<MAKE, STATE, SHOWN>,
{
    fn len(&self) -> usize {
        self.machines.len()
    }

    fn observation_space(&self, i: usize) -> Space {
        self.machines[i].observation_space()
    }

    fn action_space(&self, i: usize) -> Space {
        self.machines[i].action_space()
    }

    fn reset(&mut self, i: usize, rng: &mut Rng, observation: &mut [f32]) {
        self.machines[i].reset(rng, observation);
        let (block, lane) = (&mut self.blocks[i / BLOCK], i % BLOCK);
        put(&mut block.state, lane, self.machines[i].numbers());
        block.steps[lane] = 0;
    }

    fn step(
        &mut self,
        actions: Actions<'_>,
        _: &[bool],
        _: &mut [Rng],
        answers: Answers<'_>,
    ) -> Result<(), VectorError> {
        let max_episode_steps = self.max_episode_steps;
        let step = |first: usize, blocks: &mut [_], answers: Answers<'_>| {
            let arch = Arch::new();
            let fused = !matches!(arch, Arch::Scalar);
            let machine = PhantomData::<M>;
            arch.dispatch(Piece { first, blocks, actions, answers, max_episode_steps, fused, machine });
        };
        if self.blocks.len() <= PIECE {
            step(0, &mut self.blocks, answers);
        } else {
            let pieces = self.blocks.par_chunks_mut(PIECE).zip(answers.par_pieces(PIECE * BLOCK, SHOWN));
            pieces.enumerate().for_each(|(piece, (blocks, answers))| step(piece * PIECE * BLOCK, blocks, answers));
        }
        Ok(())
    }
}

/// One step of the machines of some blocks. Those that are idle take it too, which costs less than asking, and draw no
/// random number.
struct Piece<'a, M, const MAKE: usize, const STATE: usize, const SHOWN: usize> {
    /// Index of the first machine.
    first: usize,
    blocks: &'a mut [Block<MAKE, STATE>],
    actions: Actions<'a>,
    answers: Answers<'a>,
    max_episode_steps: u64,
    fused: bool,
    machine: PhantomData<M>,
}

impl<M, const MAKE: usize, const STATE: usize, const SHOWN: usize> WithSimd for Piece<'_, M, MAKE, STATE, SHOWN>
where
    M: Machine<MAKE, STATE, SHOWN>,
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        if self.fused { self.run(product_fused) } else { self.run(product) }
    }
}

impl<M, const MAKE: usize, const STATE: usize, const SHOWN: usize> Piece<'_, M, MAKE, STATE, SHOWN>
where
    M: Machine<MAKE, STATE, SHOWN>,
{
    #[inline(always)]
    fn run(self, product: impl Fn(f64, f64) -> Pair + Copy) {
        let Answers { observations, rewards, terminated, truncated } = self.answers;
        let answers = observations
            .chunks_mut(BLOCK * SHOWN)
            .zip(rewards.chunks_mut(BLOCK))
            .zip(terminated.chunks_mut(BLOCK).zip(truncated.chunks_mut(BLOCK)));
        // Arrays of their own, which the compiler knows to be nowhere else.
        let mut action = [0.0; BLOCK];
        let mut state = [[0.0; BLOCK]; STATE];
        let mut shown = [[0.0; BLOCK]; SHOWN];
        let (mut reward, mut ended) = ([0.0; BLOCK], [false; BLOCK]);
        for (number, (block, ((observations, rewards), (terminated, truncated)))) in
            self.blocks.iter_mut().zip(answers).enumerate()
        {
            let first = self.first + number * BLOCK;
            let count = rewards.len().min(BLOCK);
            match self.actions {
                Actions::Discrete(indices) => {
                    for (action, index) in action.iter_mut().zip(&indices[first..first + count]) {
                        *action = *index as f64;
                    }
                }
                Actions::Continuous(numbers) => {
                    for (action, number) in action.iter_mut().zip(&numbers[first..first + count]) {
                        *action = f64::from(*number);
                    }
                }
                other => panic!("a machine was given {other:?}"),
            }

            let mut lanes = Lanes { product, rare: false };
            for lane in 0..BLOCK {
                let (make, before) = (get(&block.make, lane), get(&block.state, lane));
                let after = M::advance(make, before, action[lane], &mut lanes);
                put(&mut state, lane, after.state);
                put(&mut shown, lane, after.shown);
                reward[lane] = after.reward;
                ended[lane] = after.terminated;
            }
            if lanes.rare {
                for lane in 0..count {
                    let (make, before) = (get(&block.make, lane), get(&block.state, lane));
                    let after = advance_alone::<M, MAKE, STATE, SHOWN>(make, before, action[lane]);
                    put(&mut state, lane, after.state);
                    put(&mut shown, lane, after.shown);
                    reward[lane] = after.reward;
                    ended[lane] = after.terminated;
                }
            }

            for spare in count..BLOCK {
                put(&mut state, spare, [0.0; STATE]);
            }
            block.state = state;
            rewards.copy_from_slice(&reward[..count]);
            terminated.copy_from_slice(&ended[..count]);
            for (truncated, steps) in truncated.iter_mut().zip(&mut block.steps) {
                *steps += 1;
                *truncated = *steps >= self.max_episode_steps;
            }
            for (lane, observation) in observations.chunks_exact_mut(SHOWN).enumerate().take(count) {
                for (number, row) in observation.iter_mut().zip(&shown) {
                    *number = row[lane];
                }
            }
        }
    }
}

/// A step of one machine of a block in which something rare came up.
#[cold]
#[inline(never)]
fn advance_alone<M, const MAKE: usize, const STATE: usize, const SHOWN: usize>(
    make: [f64; MAKE],
    state: [f64; STATE],
    action: f64,
) -> Stepped<STATE, SHOWN>
where
    M: Machine<MAKE, STATE, SHOWN>,
{
    M::advance(make, state, action, &mut Alone)
}

#[cfg(test)]
mod tests {
    use super::super::pendulum::{Pendulum, Physics};
    use super::*;

    const MANY: usize = BLOCK + 3;

    /// The rewards and observations of rods that are stepped 50 times, with or without fused multiplications.
    fn stepped(fused: bool) -> (Vec<u64>, Vec<u32>) {
        let rod = |i: usize| {
            let mut rod = Pendulum::new(Physics { length: 0.5 + i as f64 / 50.0, ..Physics::default() }).unwrap();
            rod.set_state([0.1 * i as f64, 1.0]);
            rod
        };
        let mut batch = MachineBatch::new((0..MANY).map(rod), 200);
        for i in 0..MANY {
            put(&mut batch.blocks[i / BLOCK].state, i % BLOCK, rod(i).numbers());
        }
        let (mut observations, mut rewards) = ([0.0; 3 * MANY], [0.0; MANY]);
        let actions: Vec<f32> = (0..MANY).map(|i| (i % 7) as f32 / 3.0 - 1.0).collect();
        for _ in 0..50 {
            Arch::new().dispatch(Piece {
                first: 0,
                blocks: &mut batch.blocks,
                actions: Actions::Continuous(&actions),
                answers: Answers {
                    observations: &mut observations,
                    rewards: &mut rewards,
                    terminated: &mut [false; MANY],
                    truncated: &mut [false; MANY],
                },
                max_episode_steps: 200,
                fused,
                machine: PhantomData::<Pendulum>,
            });
        }
        (rewards.iter().map(|x| x.to_bits()).collect(), observations.iter().map(|x| x.to_bits()).collect())
    }

    #[test]
    fn processors_without_fused_multiplication_get_the_same() {
        assert_eq!(stepped(true), stepped(false));
    }

    #[test]
    fn bounds_hold_as_they_do_in_the_standard_library() {
        for x in [-3.0, -1.0, -0.0, 0.0, 0.5, 2.0, f64::INFINITY, f64::NAN] {
            assert_eq!(clamped(x, -1.0, 2.0).to_bits(), x.clamp(-1.0, 2.0).to_bits(), "{x}");
        }
    }
}
