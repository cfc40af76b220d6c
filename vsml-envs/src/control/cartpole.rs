//! The pole on a cart, exactly as in Gymnasium, and carts and poles of other make.
//!
//! The equations are those of Barto, Sutton & Anderson (1983) in the form of Gymnasium 1.4's `CartPole-v1`, in `f64`
//! and in the same order of operations, so that states agree with it to the last bit; recorded trajectories hold this.
//! Gymnasium's choices that a reader may stumble over are kept: explicit Euler steps with the *old* velocities, a pole
//! length that is half a length, and a reward of 1 also for the step in which the pole falls.
//!
//! Sine and cosine do not come from the operating system's library, so that trajectories are the same on every machine.
//!
//! The limit of 500 steps is not physics. It is put around the cart by the [distribution](CartPoles).

use super::lanes::{Machine, MachineBatch, Mathematics, Stepped, step_alone};
use super::physics::{PhysicsError, finite, positive, some_steps};
use super::trigonometry::sin_cos;
use crate::picture::{Colour, Picture, Scene};
use crate::registry::Family;
use crate::vector::{Batch, Environments};
use crate::wrappers::{Span, TimeLimit};
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// The episode terminates when the cart is further than this from the middle, in metres.
pub const POSITION_LIMIT: f64 = 2.4;
/// The episode terminates when the pole leans further than this, in radians: 12 degrees.
pub const ANGLE_LIMIT: f64 = 12.0 * 2.0 * std::f64::consts::PI / 360.0;
/// Each number of the state starts uniformly within plus or minus this.
const START: f64 = 0.05;

/// The make of a cart and its pole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Physics {
    /// Acceleration of free fall, m/s².
    pub gravity: f64,
    /// Mass of the cart, kg.
    pub masscart: f64,
    /// Mass of the pole, kg.
    pub masspole: f64,
    /// *Half* the length of the pole, m: the distance of its centre from the hinge.
    pub length: f64,
    /// Force with which the cart is pushed to the left or to the right, N.
    pub force: f64,
    /// Time from step to step, s.
    pub tau: f64,
}

impl Default for Physics {
    /// Gymnasium's constants.
    fn default() -> Self {
        Physics { gravity: 9.8, masscart: 1.0, masspole: 0.1, length: 0.5, force: 10.0, tau: 0.02 }
    }
}

impl Physics {
    fn check(&self) -> Result<(), PhysicsError> {
        let Physics { gravity, masscart, masspole, length, force, tau } = *self;
        positive([
            ("gravity", gravity),
            ("masscart", masscart),
            ("masspole", masspole),
            ("length", length),
            ("force", force),
            ("tau", tau),
        ])
    }
}

/// One cart with one pole. Its page of the manual is that of [`CartPoles`].
#[derive(Clone, Debug, PartialEq)]
pub struct CartPole {
    physics: Physics,
    total_mass: f64,
    polemass_length: f64,
    step_reward: f64,
    fall_reward: f64,
    hide_velocities: bool,
    state: [f64; 4],
}

impl CartPole {
    /// A cart of this make, with Gymnasium's rewards: 1 for every step.
    ///
    /// # Errors
    /// If a quantity is not a positive finite number.
    pub fn new(physics: Physics) -> Result<Self, PhysicsError> {
        physics.check()?;
        Ok(CartPole {
            physics,
            total_mass: physics.masspole + physics.masscart,
            polemass_length: physics.masspole * physics.length,
            step_reward: 1.0,
            fall_reward: 1.0,
            hide_velocities: false,
            state: [0.0; 4],
        })
    }

    /// The same cart with other rewards: for the step that ends the episode, and for every other one.
    pub fn with_rewards(mut self, step_reward: f64, fall_reward: f64) -> Self {
        self.step_reward = step_reward;
        self.fall_reward = fall_reward;
        self
    }

    /// The same cart that shows positions only, not velocities.
    pub fn with_hidden_velocities(mut self) -> Self {
        self.hide_velocities = true;
        self
    }

    /// Position of the cart (m), its velocity (m/s), angle of the pole from upright (rad), its velocity (rad/s).
    pub fn state(&self) -> [f64; 4] {
        self.state
    }

    /// Puts the cart into a state of your choice.
    pub fn set_state(&mut self, state: [f64; 4]) {
        self.state = state;
    }

    /// The make.
    pub fn physics(&self) -> Physics {
        self.physics
    }

    pub(super) fn pole(&self) -> Pole {
        let Physics { gravity, masspole, length, .. } = self.physics;
        Pole { gravity, masspole, total_mass: self.total_mass, polemass_length: self.polemass_length, length }
    }

    fn observe(&self, observation: &mut [f32]) {
        let [x, x_velocity, angle, angle_velocity] = self.state.map(|number| number as f32);
        if self.hide_velocities {
            observation.copy_from_slice(&[x, angle]);
        } else {
            observation.copy_from_slice(&[x, x_velocity, angle, angle_velocity]);
        }
    }
}

/// What the accelerations depend on, of the make.
pub(super) struct Pole {
    pub(super) gravity: f64,
    pub(super) masspole: f64,
    pub(super) total_mass: f64,
    pub(super) polemass_length: f64,
    pub(super) length: f64,
}

/// How the velocities of cart (m/s²) and pole (rad/s²) change under a force (N), by sine and cosine of the pole's angle
/// and by its velocity.
#[inline(always)]
pub(super) fn accelerations(pole: Pole, force: f64, (sin, cos): (f64, f64), angle_velocity: f64) -> [f64; 2] {
    let Pole { gravity, masspole, total_mass, polemass_length, length } = pole;
    let push = (force + polemass_length * (angle_velocity * angle_velocity) * sin) / total_mass;
    let angle_acceleration =
        (gravity * sin - cos * push) / (length * (4.0 / 3.0 - masspole * (cos * cos) / total_mass));
    [push - polemass_length * angle_acceleration * cos / total_mass, angle_acceleration]
}

impl Machine<9, 4, 4> for CartPole {
    fn make(&self) -> [f64; 9] {
        let Pole { gravity, masspole, total_mass, polemass_length, length } = self.pole();
        let Physics { force, tau, .. } = self.physics;
        let (step_reward, fall_reward) = (self.step_reward, self.fall_reward);
        [gravity, masspole, total_mass, polemass_length, length, force, tau, step_reward, fall_reward]
    }

    fn numbers(&self) -> [f64; 4] {
        self.state
    }

    fn set_numbers(&mut self, state: [f64; 4]) {
        self.state = state;
    }

    #[inline(always)]
    fn advance(
        [gravity, masspole, total_mass, polemass_length, length, force, tau, step_reward, fall_reward]: [f64; 9],
        [x, x_velocity, angle, angle_velocity]: [f64; 4],
        action: f64,
        mathematics: &mut impl Mathematics,
    ) -> Stepped<4, 4> {
        let pole = Pole { gravity, masspole, total_mass, polemass_length, length };
        let force = if action == 1.0 { force } else { -force };
        let sin_cos = mathematics.sin_cos_of_small(angle); // No pole that has not fallen leans further.
        let [x_acceleration, angle_acceleration] = accelerations(pole, force, sin_cos, angle_velocity);

        let x = x + tau * x_velocity;
        let angle = angle + tau * angle_velocity;
        let state = [x, x_velocity + tau * x_acceleration, angle, angle_velocity + tau * angle_acceleration];
        let terminated = (x.abs() > POSITION_LIMIT) | (angle.abs() > ANGLE_LIMIT);
        let reward = if terminated { fall_reward } else { step_reward };
        Stepped { state, shown: state.map(|number| number as f32), reward, terminated }
    }
}

impl Environment for CartPole {
    fn observation_space(&self) -> Space {
        let (position, angle) = if self.physics == Physics::default() {
            (2.0 * POSITION_LIMIT as f32, 2.0 * ANGLE_LIMIT as f32)
        } else {
            (f32::INFINITY, f32::INFINITY)
        };
        let high = if self.hide_velocities {
            vec![position, angle]
        } else {
            vec![position, f32::INFINITY, angle, f32::INFINITY]
        };
        let shape = vec![high.len()];
        Space::Box { low: high.iter().map(|bound| -bound).collect(), high, shape }
    }

    fn action_space(&self) -> Space {
        Space::discrete(2)
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        for number in &mut self.state {
            *number = -START + 2.0 * START * rng.random::<f64>();
        }
        self.observe(observation);
    }

    fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
        let action = action.index() as f64;
        if self.hide_velocities {
            let mut all = [0.0; 4];
            let step = step_alone(self, action, &mut all);
            self.observe(observation);
            step
        } else {
            step_alone(self, action, observation)
        }
    }

    fn picture(&self) -> Option<Picture> {
        let [x, _, angle, _] = self.state;
        let (sin, cos) = sin_cos(angle);
        let pole = 2.0 * self.physics.length.min(1.2);
        let scene = Scene::new((-POSITION_LIMIT, POSITION_LIMIT), (-0.3, 2.1))
            .line(vec![(-POSITION_LIMIT, 0.0), (POSITION_LIMIT, 0.0)], 0.0, Colour::GREY)
            .rectangle((x - 0.25, -0.12), (x + 0.25, 0.12), Colour::BLACK)
            .line(vec![(x, 0.12), (x + pole * sin, 0.12 + pole * cos)], 0.1, Colour::RED)
            .disc((x, 0.12), 0.06, Colour::SKY);
        Some(scene.into())
    }
}

/// Carts with poles: `CartPole-v1`, `CartPole-v0`, `CartPoleVaried-v0` and `CartPoleHidden-v0`.
///
/// # Description
/// A pole stands on a cart, hinged. Pushing the cart to the left and to the right, keep it upright and the cart near the
/// middle. The make of the cart is the task: the same for all in `CartPole-v1`, drawn for each in `CartPoleVaried-v0`.
///
/// # Action space
/// `Discrete(2)`: push to the left, push to the right.
///
/// # Observation space
/// `Box([4])`: position of the cart (m), its velocity (m/s), angle of the pole (rad), its angular velocity (rad/s). With
/// Gymnasium's physics the bounds are Gymnasium's: ±4.8 for the position and ±0.418 for the angle, twice what ends an
/// episode, and none for the velocities. With any other physics a single step may leap beyond them, so there are no
/// bounds at all. With `hide_velocities` it is `Box([2])`, the position and the angle: who wants to know the velocities
/// must remember.
///
/// # Rewards
/// `step_reward` for every step, `fall_reward` for the one that terminates the episode: 1 and 1 by default, as in
/// Gymnasium. In a lifetime of so many *steps* that reward says nothing, since falling costs nothing: set
/// `fall_reward=0`. Gymnasium's `sutton_barto_reward` is `step_reward=0,fall_reward=-1`.
///
/// # Starting state
/// Each of the four numbers uniform in ±0.05.
///
/// # Episode end
/// Terminated when the cart is more than 2.4 m from the middle or the pole more than 12° from upright; truncated after
/// `max_episode_steps`, 500 (200 in `CartPole-v0` and `CartPoleHidden-v0`).
///
/// # Arguments
/// The fields below. A physical quantity is a number or a range such as `0.05..0.5`, from which each task draws its own.
/// `CartPoleVaried-v0` ([`CartPoles::varied`]) draws gravity from 5..15, masscart from 0.5..2, masspole from 0.05..0.5,
/// length from 0.25..1 and force from 5..15: about half to double the usual value (the pole up to five times as heavy),
/// inside the ranges of the CARL benchmark. A simple hand-made player that sees the true state balances at least 99 in
/// 100 of them for all 500 steps. The time step stays. `CartPoleHidden-v0` has `hide_velocities=true`.
///
/// # Differences from the source
/// None in `CartPole-v1` (Gymnasium 1.4), but for its generator of random numbers and that nothing is said about steps
/// after the end of an episode, which [`Lifetime`](crate::Lifetime)s do not take. Explicit Euler is the only integrator.
/// `CartPoleHidden-v0` is POPGym's position-only cart-pole, easy, but for its reward, which is there one in
/// `max_episode_steps` for each step: `step_reward=0.005,fall_reward=0.005`.
///
/// # Version history
/// `CartPole-v1`, `CartPole-v0`: first version here; the numbers are Gymnasium's. `CartPoleVaried-v0`,
/// `CartPoleHidden-v0`: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CartPoles {
    /// Acceleration of free fall, m/s².
    pub gravity: Span,
    /// Mass of the cart, kg.
    pub masscart: Span,
    /// Mass of the pole, kg.
    pub masspole: Span,
    /// *Half* the length of the pole, m.
    pub length: Span,
    /// Force of a push, N.
    pub force: Span,
    /// Time from step to step, s.
    pub tau: Span,
    /// Reward of every step but the terminating one.
    pub step_reward: f64,
    /// Reward of the terminating step.
    pub fall_reward: f64,
    /// Whether observations leave out the two velocities.
    pub hide_velocities: bool,
    /// An episode is truncated after so many steps.
    pub max_episode_steps: u64,
}

impl Default for CartPoles {
    fn default() -> Self {
        let Physics { gravity, masscart, masspole, length, force, tau } = Physics::default();
        CartPoles {
            gravity: Span::single(gravity),
            masscart: Span::single(masscart),
            masspole: Span::single(masspole),
            length: Span::single(length),
            force: Span::single(force),
            tau: Span::single(tau),
            step_reward: 1.0,
            fall_reward: 1.0,
            hide_velocities: false,
            max_episode_steps: 500,
        }
    }
}

impl CartPoles {
    /// Carts and poles of all makes: the defaults of `CartPoleVaried-v0`.
    pub fn varied() -> Self {
        CartPoles {
            gravity: Span::between(5.0, 15.0),
            masscart: Span::between(0.5, 2.0),
            masspole: Span::between(0.05, 0.5),
            length: Span::between(0.25, 1.0),
            force: Span::between(5.0, 15.0),
            ..CartPoles::default()
        }
    }

    /// Draws the make of a cart.
    pub fn sample_physics(&self, rng: &mut Rng) -> Physics {
        Physics {
            gravity: self.gravity.sample(rng),
            masscart: self.masscart.sample(rng),
            masspole: self.masspole.sample(rng),
            length: self.length.sample(rng),
            force: self.force.sample(rng),
            tau: self.tau.sample(rng),
        }
    }
}

impl CartPoles {
    fn draw(&self, rng: &mut Rng) -> CartPole {
        match CartPole::new(self.sample_physics(rng)) {
            Ok(cart) => {
                let cart = cart.with_rewards(self.step_reward, self.fall_reward);
                if self.hide_velocities { cart.with_hidden_velocities() } else { cart }
            }
            Err(error) => panic!("{error}; Family::check would have said so"),
        }
    }
}

impl TaskDistribution for CartPoles {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        Box::new(TimeLimit::new(self.draw(rng), self.max_episode_steps))
    }

    fn batch(&self, rngs: &mut [Rng]) -> Box<dyn Batch> {
        if self.hide_velocities {
            let limited = |rng| TimeLimit::new(self.draw(rng), self.max_episode_steps);
            return Box::new(Environments::new(rngs.iter_mut().map(limited).collect()));
        }
        Box::new(MachineBatch::new(rngs.iter_mut().map(|rng| self.draw(rng)), self.max_episode_steps))
    }
}

impl Family for CartPoles {
    fn check(&self) -> Result<(), String> {
        let least = Physics {
            gravity: self.gravity.low(),
            masscart: self.masscart.low(),
            masspole: self.masspole.low(),
            length: self.length.low(),
            force: self.force.low(),
            tau: self.tau.low(),
        };
        least.check().map_err(|error| error.to_string())?;
        finite([("step_reward", self.step_reward), ("fall_reward", self.fall_reward)])
            .map_err(|error| error.to_string())?;
        some_steps(self.max_episode_steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    /// Pushes to the side to which the pole falls; gains found by hand.
    fn balance(state: [f64; 4]) -> usize {
        usize::from(state[2] + 0.3 * state[3] + 0.05 * state[0] + 0.1 * state[1] > 0.0)
    }

    fn steps_balanced(mut cart: CartPole, rng: &mut Rng) -> u32 {
        let mut observation = [0.0; 4];
        cart.reset(rng, &mut observation);
        (1..=500)
            .find(|_| cart.step(Action::Discrete(balance(cart.state())), rng, &mut observation).terminated)
            .unwrap_or(500)
    }

    #[test]
    fn nonsense_physics_are_refused_by_name() {
        let error = CartPole::new(Physics { masspole: 0.0, ..Physics::default() }).unwrap_err();
        assert!(error.to_string().contains("`masspole` is 0"), "{error}");
        assert!(CartPole::new(Physics { tau: f64::NAN, ..Physics::default() }).is_err());
        let refuse = |family: CartPoles| family.check().unwrap_err();
        assert!(refuse(CartPoles { length: Span::between(-1.0, 1.0), ..CartPoles::default() }).contains("length"));
        assert!(refuse(CartPoles { fall_reward: f64::NAN, ..CartPoles::default() }).contains("fall_reward"));
        assert!(refuse(CartPoles { max_episode_steps: 0, ..CartPoles::default() }).contains("max_episode_steps"));
    }

    #[test]
    fn starts_are_uniform_and_small() {
        let mut cart = CartPole::new(Physics::default()).unwrap();
        let mut rng = stream(0, "cartpole", &[]);
        let mut sum = [0.0; 4];
        for _ in 0..4000 {
            cart.reset(&mut rng, &mut [0.0; 4]);
            for (sum, x) in sum.iter_mut().zip(cart.state()) {
                assert!((-START..START).contains(&x));
                *sum += x / 4000.0;
            }
        }
        assert!(sum.iter().all(|mean| mean.abs() < 0.002), "{sum:?}: standard error 0.0005");
    }

    #[test]
    fn the_usual_cart_has_gymnasiums_bounds_and_others_have_none() {
        let Space::Box { high, .. } = CartPole::new(Physics::default()).unwrap().observation_space() else { panic!() };
        assert_eq!(high, [4.8, f32::INFINITY, 0.418_879_03, f32::INFINITY]);
        let other = Physics { gravity: 9.7, ..Physics::default() };
        assert_eq!(
            CartPole::new(other).unwrap().observation_space(),
            Space::uniform_box(f32::NEG_INFINITY, f32::INFINITY, 4)
        );
    }

    #[test]
    fn hidden_velocities_are_left_out_and_nothing_else() {
        let mut open = CartPole::new(Physics::default()).unwrap();
        let mut hidden = open.clone().with_hidden_velocities();
        let Space::Box { high, .. } = hidden.observation_space() else { panic!() };
        assert_eq!(high, [4.8, 0.418_879_03]);
        for cart in [&mut open, &mut hidden] {
            cart.set_state([0.1, 0.2, 0.03, 0.4]);
        }
        let (mut all, mut some, mut rng) = ([0.0; 4], [0.0; 2], stream(0, "cartpole", &[3]));
        let steps =
            [open.step(Action::Discrete(0), &mut rng, &mut all), hidden.step(Action::Discrete(0), &mut rng, &mut some)];
        assert_eq!(steps[0], steps[1]);
        assert_eq!(some, [all[0], all[2]]);
    }

    #[test]
    fn falling_is_rewarded_as_asked() {
        let mut cart = CartPole::new(Physics::default()).unwrap().with_rewards(0.5, -2.0);
        let mut rng = stream(0, "cartpole", &[1]);
        cart.reset(&mut rng, &mut [0.0; 4]);
        let mut rewards = Vec::new();
        loop {
            let step = cart.step(Action::Discrete(1), &mut rng, &mut [0.0; 4]);
            rewards.push(step.reward);
            if step.terminated {
                break;
            }
        }
        let (last, others) = rewards.split_last().unwrap();
        assert!(*last == -2.0 && !others.is_empty() && others.iter().all(|r| *r == 0.5), "{rewards:?}");
    }

    #[test]
    fn varied_carts_vary_and_can_be_balanced() {
        let family = CartPoles::varied();
        family.check().unwrap();
        let mut rng = stream(0, "cartpole", &[2]);
        let drawn: Vec<Physics> = (0..500).map(|_| family.sample_physics(&mut rng)).collect();
        let mean = drawn.iter().map(|physics| physics.masscart).sum::<f64>() / 500.0;
        assert!((mean - 1.25).abs() < 0.1, "{mean}: standard error 0.019");
        assert!(drawn.iter().all(|physics| physics.tau == 0.02 && (0.25..=1.0).contains(&physics.length)));
        let balanced =
            drawn.iter().filter(|physics| steps_balanced(CartPole::new(**physics).unwrap(), &mut rng) == 500).count();
        assert!(balanced >= 495, "only {balanced} of 500 drawn carts were balanced for 500 steps");
    }

    #[test]
    fn parameters_survive_being_written() {
        let family = CartPoles::varied();
        let json = serde_json::to_string(&family).unwrap();
        assert!(json.contains(r#""masspole":"0.05..0.5""#) && json.contains(r#""tau":0.02"#), "{json}");
        assert_eq!(serde_json::from_str::<CartPoles>(&json).unwrap(), family);
    }
}
