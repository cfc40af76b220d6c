//! The car in the valley with a motor that can be set, exactly as in Gymnasium, and in other valleys.
//!
//! The valley is that of [`mountain_car`](super::mountain_car); motor, goal and rewards are those of Gymnasium 1.4's
//! `MountainCarContinuous-v0`, which has a peculiarity: its state is in `f64` for the first step of an episode and in
//! `f32` from then on. Sums and products of single numbers are rounded to single ones, and so are constants that meet
//! them; but what a clipped action is multiplied by stays double until it meets the velocity. All of this is kept, and
//! recorded trajectories hold it. A sum or a product of two `f32` that is rounded to `f64` and then to `f32` is what it
//! would be if rounded to `f32` at once, so the arithmetic here is all in `f64`.

use super::lanes::{Machine, MachineBatch, Mathematics, Stepped, clamped, step_alone};
use super::mountain_car::{START, check_road, road_and_speed, valley};
use super::physics::{PhysicsError, finite, positive, some_steps};
use crate::picture::Picture;
use crate::registry::Family;
use crate::vector::Batch;
use crate::wrappers::{Span, TimeLimit};
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// The reward for reaching the goal, before the cost of that step.
const GOAL_REWARD: f64 = 100.0;
/// What the square of an action costs.
const COST: f64 = 0.1;

/// The make of a car and its valley.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Physics {
    /// Where the wall on the left stands.
    pub min_position: f64,
    /// Where the wall on the right stands.
    pub max_position: f64,
    /// Greatest speed.
    pub max_speed: f64,
    /// Where the goal begins.
    pub goal_position: f64,
    /// Least velocity with which it counts.
    pub goal_velocity: f64,
    /// Change of velocity by the motor at action 1, per step.
    pub power: f64,
    /// Change of velocity by the steepest slope, per step.
    pub gravity: f64,
}

impl Default for Physics {
    /// Gymnasium's constants.
    fn default() -> Self {
        Physics {
            min_position: -1.2,
            max_position: 0.6,
            max_speed: 0.07,
            goal_position: 0.45,
            goal_velocity: 0.0,
            power: 0.0015,
            gravity: 0.0025,
        }
    }
}

impl Physics {
    fn check(&self) -> Result<(), PhysicsError> {
        let Physics { min_position, max_position, max_speed, goal_position, goal_velocity, power, gravity } = *self;
        positive([("max_speed", max_speed), ("power", power), ("gravity", gravity)])?;
        finite([("goal_velocity", goal_velocity)])?;
        check_road((min_position, max_position), (goal_position, goal_position), (goal_velocity, max_speed))
    }
}

/// Rounded to single precision.
#[inline(always)]
fn single(x: f64) -> f64 {
    f64::from(x as f32)
}

/// One car in one valley. Its page of the manual is that of [`MountainCarsContinuous`].
#[derive(Clone, Debug, PartialEq)]
pub struct MountainCarContinuous {
    physics: Physics,
    position: f64,
    velocity: f64,
    /// Whether the state is in single precision: from the first step of an episode on.
    in_single: bool,
}

impl MountainCarContinuous {
    /// A car of this make.
    ///
    /// # Errors
    /// If the valley is not one that a car can start in, or a quantity is not finite or, where it must be, positive.
    pub fn new(physics: Physics) -> Result<Self, PhysicsError> {
        physics.check()?;
        Ok(MountainCarContinuous { physics, position: START.0, velocity: 0.0, in_single: false })
    }

    /// Position of the car and its velocity.
    pub fn state(&self) -> [f64; 2] {
        [self.position, self.velocity]
    }

    /// Puts the car into a state of your choice, as if an episode began with it.
    pub fn set_state(&mut self, [position, velocity]: [f64; 2]) {
        (self.position, self.velocity, self.in_single) = (position, velocity, false);
    }

    /// Puts the car into a state of your choice, as if it were in the middle of an episode.
    pub fn set_single_state(&mut self, [position, velocity]: [f32; 2]) {
        (self.position, self.velocity, self.in_single) = (position.into(), velocity.into(), true);
    }

    /// The make.
    pub fn physics(&self) -> Physics {
        self.physics
    }

    fn observe(&self, observation: &mut [f32]) {
        observation[0] = self.position as f32;
        observation[1] = self.velocity as f32;
    }
}

impl Machine<7, 3, 2> for MountainCarContinuous {
    fn make(&self) -> [f64; 7] {
        let Physics { min_position, max_position, max_speed, goal_position, goal_velocity, power, gravity } =
            self.physics;
        [min_position, max_position, max_speed, goal_position, goal_velocity, power, gravity]
    }

    /// Position, velocity, and 1 if they are in single precision or else 0.
    fn numbers(&self) -> [f64; 3] {
        [self.position, self.velocity, f64::from(u8::from(self.in_single))]
    }

    fn set_numbers(&mut self, [position, velocity, in_single]: [f64; 3]) {
        (self.position, self.velocity, self.in_single) = (position, velocity, in_single == 1.0);
    }

    #[inline(always)]
    fn advance(
        [min_position, max_position, max_speed, goal_position, goal_velocity, power, gravity]: [f64; 7],
        [position, velocity, in_single]: [f64; 3],
        asked: f64,
        mathematics: &mut impl Mathematics,
    ) -> Stepped<3, 2> {
        let rounded = |x: f64| if in_single == 1.0 { single(x) } else { x };
        let (_, slope) = mathematics.sin_cos(rounded(3.0 * position));
        let pull = gravity * slope; // The cosine is double, whatever the state is.
        let by_clipped = clamped(asked, -1.0, 1.0) * power - pull;
        let by_single = single(single(asked * single(power)) - single(pull));
        let change = rounded(if asked.abs() <= 1.0 { by_single } else { by_clipped });

        let max_speed = rounded(max_speed);
        let velocity = clamped(rounded(velocity + change), -max_speed, max_speed);
        let position = clamped(rounded(position + velocity), rounded(min_position), rounded(max_position));
        let velocity = if (position == rounded(min_position)) & (velocity < 0.0) { 0.0 } else { velocity };
        let terminated = (position >= rounded(goal_position)) & (velocity >= rounded(goal_velocity));
        let reward = if terminated { GOAL_REWARD } else { 0.0 } - asked * asked * COST;

        let shown = [position as f32, velocity as f32];
        let [position, velocity] = shown.map(f64::from);
        Stepped { state: [position, velocity, 1.0], shown, reward, terminated }
    }
}

impl Environment for MountainCarContinuous {
    fn observation_space(&self) -> Space {
        let Physics { min_position, max_position, max_speed, .. } = self.physics;
        road_and_speed(min_position, max_position, max_speed)
    }

    fn action_space(&self) -> Space {
        Space::uniform_box(-1.0, 1.0, 1)
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.set_state([START.0 + (START.1 - START.0) * rng.random::<f64>(), 0.0]);
        self.observe(observation);
    }

    fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
        step_alone(self, action.numbers()[0].into(), observation)
    }

    fn picture(&self) -> Option<Picture> {
        let Physics { min_position, max_position, goal_position, .. } = self.physics;
        Some(valley(self.position, min_position, max_position, goal_position))
    }
}

/// Cars in valleys, with a motor that can be set: `MountainCarContinuous-v0` and `MountainCarContinuousVaried-v0`.
///
/// # Description
/// A car stands in a valley, at the bottom or near it. Its motor is weaker than the slope: to get up to the goal on the
/// right it must swing to and fro, and it should do so with little effort. Power of the motor, pull and the like are the
/// task: the same for all in `MountainCarContinuous-v0`, drawn for each in `MountainCarContinuousVaried-v0`.
///
/// # Action space
/// `Box(-1, 1, [1])`: how hard to drive, to the left or to the right.
///
/// # Observation space
/// `Box([2])`: position of the car between `min_position` and `max_position`, and its velocity between plus and minus
/// `max_speed`. Nothing has a unit.
///
/// # Rewards
/// -0.1 times the square of the action for every step, and 100 for the one that reaches the goal. To stand still costs
/// nothing, and who has never been at the goal knows of nothing better.
///
/// # Starting state
/// Position uniform between -0.6 and -0.4, at rest.
///
/// # Episode end
/// Terminated when the car is at `goal_position` or beyond and at least as fast as `goal_velocity`; truncated after
/// `max_episode_steps`, 999.
///
/// # Arguments
/// The fields below. A physical quantity is a number or a range such as `0.001..0.002`, from which each task draws its
/// own. `MountainCarContinuousVaried-v0` ([`MountainCarsContinuous::varied`]) draws power from 0.001..0.002, gravity from
/// 0.0018..0.003 and max_speed from 0.06..0.08. The CARL benchmark sets no bounds to power and speed; the pull is not
/// among its parameters. A hand-made player that always drives the way the car rolls gets at least 95 in 100 of them to
/// the goal.
///
/// # Differences from the source
/// None in `MountainCarContinuous-v0` (Gymnasium 1.4), but for its generator of random numbers and that nothing is said
/// about steps after the end of an episode. As there, an action outside of the space is clipped for the motor and not for
/// the cost; a [`Lifetime`](crate::Lifetime) refuses it. Gymnasium has no parameter for the pull.
///
/// # Version history
/// `MountainCarContinuous-v0`: first version here; the number is Gymnasium's. `MountainCarContinuousVaried-v0`: first
/// version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MountainCarsContinuous {
    /// Where the wall on the left stands; at -0.6 or less.
    pub min_position: Span,
    /// Where the wall on the right stands; not to the left of the goal.
    pub max_position: Span,
    /// Greatest speed, per step.
    pub max_speed: Span,
    /// Where the goal begins; more than -0.4.
    pub goal_position: Span,
    /// Least velocity with which it counts, per step.
    pub goal_velocity: Span,
    /// Change of velocity by the motor at action 1, per step.
    pub power: Span,
    /// Change of velocity by the steepest slope, per step.
    pub gravity: Span,
    /// An episode is truncated after so many steps.
    pub max_episode_steps: u64,
}

impl Default for MountainCarsContinuous {
    fn default() -> Self {
        let Physics { min_position, max_position, max_speed, goal_position, goal_velocity, power, gravity } =
            Physics::default();
        MountainCarsContinuous {
            min_position: Span::single(min_position),
            max_position: Span::single(max_position),
            max_speed: Span::single(max_speed),
            goal_position: Span::single(goal_position),
            goal_velocity: Span::single(goal_velocity),
            power: Span::single(power),
            gravity: Span::single(gravity),
            max_episode_steps: 999,
        }
    }
}

impl MountainCarsContinuous {
    /// Cars and valleys of all makes: the defaults of `MountainCarContinuousVaried-v0`.
    pub fn varied() -> Self {
        MountainCarsContinuous {
            max_speed: Span::between(0.06, 0.08),
            power: Span::between(0.001, 0.002),
            gravity: Span::between(0.0018, 0.003),
            ..MountainCarsContinuous::default()
        }
    }

    /// Draws the make of a car.
    pub fn sample_physics(&self, rng: &mut Rng) -> Physics {
        Physics {
            min_position: self.min_position.sample(rng),
            max_position: self.max_position.sample(rng),
            max_speed: self.max_speed.sample(rng),
            goal_position: self.goal_position.sample(rng),
            goal_velocity: self.goal_velocity.sample(rng),
            power: self.power.sample(rng),
            gravity: self.gravity.sample(rng),
        }
    }
}

impl MountainCarsContinuous {
    fn draw(&self, rng: &mut Rng) -> MountainCarContinuous {
        match MountainCarContinuous::new(self.sample_physics(rng)) {
            Ok(car) => car,
            Err(error) => panic!("{error}; Family::check would have said so"),
        }
    }
}

impl TaskDistribution for MountainCarsContinuous {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        Box::new(TimeLimit::new(self.draw(rng), self.max_episode_steps))
    }

    fn batch(&self, rngs: &mut [Rng]) -> Box<dyn Batch> {
        Box::new(MachineBatch::new(rngs.iter_mut().map(|rng| self.draw(rng)), self.max_episode_steps))
    }
}

impl Family for MountainCarsContinuous {
    fn check(&self) -> Result<(), String> {
        positive([("max_speed", self.max_speed.low()), ("power", self.power.low()), ("gravity", self.gravity.low())])
            .and_then(|()| {
                check_road(
                    (self.min_position.high(), self.max_position.low()),
                    (self.goal_position.low(), self.goal_position.high()),
                    (self.goal_velocity.high(), self.max_speed.low()),
                )
            })
            .map_err(|error| error.to_string())?;
        some_steps(self.max_episode_steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    /// Drives the way the car rolls. The steps it takes to the goal, and the rewards on the way.
    fn drive(mut car: MountainCarContinuous, rng: &mut Rng) -> Option<(u32, f64)> {
        car.reset(rng, &mut [0.0; 2]);
        let mut total = 0.0;
        (1..=999).find_map(|steps| {
            let push = if car.state()[1] >= 0.0 { 1.0 } else { -1.0 };
            let step = car.step(Action::Continuous(&[push]), rng, &mut [0.0; 2]);
            total += step.reward;
            step.terminated.then_some((steps, total))
        })
    }

    #[test]
    fn a_step_is_what_it_is_on_paper() {
        let mut car = MountainCarContinuous::new(Physics::default()).unwrap();
        for (state, action, velocity, reward) in [
            ([-std::f64::consts::PI / 6.0, 0.0], 0.5, 0.00075, -0.025),
            ([0.0, 0.01], 0.0, 0.0075, 0.0),
            ([0.0, 0.01], -1.0, 0.006, -0.1),
            ([0.44, 0.06], 1.0, 0.06 + 0.0015 - 0.0025 * 0.248_175, 99.9),
        ] {
            car.set_state(state);
            let step = car.step(Action::Continuous(&[action]), &mut stream(0, "car", &[]), &mut [0.0; 2]);
            assert!((car.state()[1] - velocity).abs() < 1e-8, "{state:?}: {:?}", car.state());
            assert!((step.reward - reward).abs() < 1e-12 && step.terminated == (reward > 0.0), "{step:?}");
        }
    }

    #[test]
    fn the_state_is_single_after_the_first_step() {
        let mut car = MountainCarContinuous::new(Physics::default()).unwrap();
        let mut rng = stream(0, "car", &[1]);
        car.reset(&mut rng, &mut [0.0; 2]);
        assert_ne!(car.state().map(single), car.state());
        car.step(Action::Continuous(&[0.3]), &mut rng, &mut [0.0; 2]);
        assert_eq!(car.state().map(single), car.state());
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let refuse = |family: MountainCarsContinuous| family.check().unwrap_err();
        let default = MountainCarsContinuous::default;
        assert!(refuse(MountainCarsContinuous { power: Span::single(-1.0), ..default() }).contains("`power` is -1"));
        let wall = Span::single(0.44);
        assert!(refuse(MountainCarsContinuous { max_position: wall, ..default() }).contains("`max_position` is 0.44"));
        assert!(refuse(MountainCarsContinuous { max_episode_steps: 0, ..default() }).contains("max_episode_steps"));
        assert!(MountainCarContinuous::new(Physics { max_speed: f64::INFINITY, ..Physics::default() }).is_err());
    }

    #[test]
    fn varied_cars_vary_and_reach_the_goal() {
        let mut rng = stream(0, "car", &[2]);
        let (steps, total) = drive(MountainCarContinuous::new(Physics::default()).unwrap(), &mut rng).unwrap();
        assert!(steps < 150 && (total - (100.0 - 0.1 * f64::from(steps))).abs() < 1e-9, "{steps} steps, {total}");

        let family = MountainCarsContinuous::varied();
        family.check().unwrap();
        let drawn: Vec<Physics> = (0..500).map(|_| family.sample_physics(&mut rng)).collect();
        let mean = drawn.iter().map(|physics| physics.power).sum::<f64>() / 500.0;
        assert!((mean - 0.0015).abs() < 6e-5, "{mean}: standard error 1.3e-5");
        let reaches = |physics: &&Physics| drive(MountainCarContinuous::new(**physics).unwrap(), &mut rng).is_some();
        let solved = drawn.iter().filter(reaches).count();
        assert!(solved >= 475, "only {solved} of 500 drawn cars reached the goal");
    }
}
