//! Cart-poles as a structure of arrays.
//!
//! The equations are those of [`CartPole`], operation for operation, so that the states are the same to the last bit; what
//! differs is that a processor works on as many carts at a time as it has lanes. No cart within its limits leans as far as
//! the series for small angles reach, so there is no case to distinguish. Where the processor can fuse a multiplication
//! with an addition, this is used for one thing only: what a product loses by rounding, which it gives exactly, as the
//! longer way does.

use super::cartpole::{ANGLE_LIMIT, CartPole, POSITION_LIMIT, Physics};
use super::trigonometry::{product, product_fused, small_sin_cos};
use crate::vector::{Actions, Answers, Batch, VectorError};
use crate::{Environment, Rng, Space};
use pulp::{Arch, Simd, WithSimd};

/// A quantity of every cart.
type PerCart = Vec<f64>;

/// Cart-poles, each with a limit of steps.
pub(super) struct CartPoleBatch {
    /// The carts as they are alone: for their spaces, and for resets.
    carts: Vec<CartPole>,
    max_episode_steps: u64,
    steps: Vec<u64>,
    x: PerCart,
    x_velocity: PerCart,
    angle: PerCart,
    angle_velocity: PerCart,
    gravity: PerCart,
    masspole: PerCart,
    total_mass: PerCart,
    polemass_length: PerCart,
    length: PerCart,
    force: PerCart,
    tau: PerCart,
    step_reward: f64,
    fall_reward: f64,
}

impl CartPoleBatch {
    pub(super) fn new(carts: Vec<CartPole>, max_episode_steps: u64, step_reward: f64, fall_reward: f64) -> Self {
        let of = |quantity: fn(&Physics) -> f64| carts.iter().map(|cart| quantity(&cart.physics())).collect();
        let zeros = || vec![0.0; carts.len()];
        CartPoleBatch {
            max_episode_steps,
            steps: vec![0; carts.len()],
            x: zeros(),
            x_velocity: zeros(),
            angle: zeros(),
            angle_velocity: zeros(),
            gravity: of(|physics| physics.gravity),
            masspole: of(|physics| physics.masspole),
            total_mass: of(|physics| physics.masspole + physics.masscart),
            polemass_length: of(|physics| physics.masspole * physics.length),
            length: of(|physics| physics.length),
            force: of(|physics| physics.force),
            tau: of(|physics| physics.tau),
            step_reward,
            fall_reward,
            carts,
        }
    }
}

impl Batch for CartPoleBatch {
    fn len(&self) -> usize {
        self.carts.len()
    }

    fn observation_space(&self, i: usize) -> Space {
        self.carts[i].observation_space()
    }

    fn action_space(&self, i: usize) -> Space {
        self.carts[i].action_space()
    }

    fn reset(&mut self, i: usize, rng: &mut Rng, observation: &mut [f32]) {
        self.carts[i].reset(rng, observation);
        [self.x[i], self.x_velocity[i], self.angle[i], self.angle_velocity[i]] = self.carts[i].state();
        self.steps[i] = 0;
    }

    fn step(
        &mut self,
        actions: Actions<'_>,
        _: &[bool],
        _: &mut [Rng],
        answers: Answers<'_>,
    ) -> Result<(), VectorError> {
        let Actions::Discrete(actions) = actions else { panic!("a cart-pole was given {actions:?}") };
        let arch = Arch::new();
        let fused = !matches!(arch, Arch::Scalar);
        arch.dispatch(Step { batch: self, actions, answers, fused });
        Ok(())
    }
}

/// One step of all carts. Those that are idle take it too, which costs less than asking, and draw no random number.
struct Step<'a> {
    batch: &'a mut CartPoleBatch,
    actions: &'a [usize],
    answers: Answers<'a>,
    fused: bool,
}

impl WithSimd for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        if self.fused { self.run(product_fused) } else { self.run(product) }
    }
}

impl Step<'_> {
    #[inline(always)]
    fn run(self, product: impl Fn(f64, f64) -> (f64, f64) + Copy) {
        let Step { batch, actions, answers, .. } = self;
        let len = batch.carts.len();
        // Slices of one known length, so that nothing is checked inside the loop.
        let (x, x_velocity) = (&mut batch.x[..len], &mut batch.x_velocity[..len]);
        let (angle, angle_velocity) = (&mut batch.angle[..len], &mut batch.angle_velocity[..len]);
        let (gravity, masspole, total_mass) = (&batch.gravity[..len], &batch.masspole[..len], &batch.total_mass[..len]);
        let (polemass_length, length) = (&batch.polemass_length[..len], &batch.length[..len]);
        let (force, tau) = (&batch.force[..len], &batch.tau[..len]);
        let (steps, actions) = (&mut batch.steps[..len], &actions[..len]);
        let (rewards, terminated) = (&mut answers.rewards[..len], &mut answers.terminated[..len]);
        let truncated = &mut answers.truncated[..len];
        for i in 0..len {
            let force = if actions[i] == 1 { force[i] } else { -force[i] };
            let (sin, cos) = small_sin_cos(angle[i], product);
            let push = (force + polemass_length[i] * (angle_velocity[i] * angle_velocity[i]) * sin) / total_mass[i];
            let angle_acceleration =
                (gravity[i] * sin - cos * push) / (length[i] * (4.0 / 3.0 - masspole[i] * (cos * cos) / total_mass[i]));
            let x_acceleration = push - polemass_length[i] * angle_acceleration * cos / total_mass[i];
            x[i] += tau[i] * x_velocity[i];
            angle[i] += tau[i] * angle_velocity[i];
            x_velocity[i] += tau[i] * x_acceleration;
            angle_velocity[i] += tau[i] * angle_acceleration;
            let fell = (x[i].abs() > POSITION_LIMIT) | (angle[i].abs() > ANGLE_LIMIT);
            terminated[i] = fell;
            rewards[i] = if fell { batch.fall_reward } else { batch.step_reward };
            steps[i] += 1;
            truncated[i] = steps[i] >= batch.max_episode_steps;
        }
        let observations = &mut answers.observations[..4 * len];
        for i in 0..len {
            observations[4 * i] = x[i] as f32;
            observations[4 * i + 1] = x_velocity[i] as f32;
            observations[4 * i + 2] = angle[i] as f32;
            observations[4 * i + 3] = angle_velocity[i] as f32;
        }
    }
}
