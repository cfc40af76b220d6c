//! A car in a valley, too weak to drive out of it, exactly as in Gymnasium, and in other valleys.
//!
//! The task is Moore's (1990), in the form of Gymnasium 1.4's `MountainCar-v0`, in `f64` and in the same order of
//! operations; recorded trajectories hold this. There are no units: the hill has the height sin 3x, and a time step is
//! one of time. Gymnasium's choices are kept: the velocity is clipped before it moves the car, the wall on the left stops
//! the car and the one on the right only holds it, and the last step costs as much as any other.

use super::lanes::{Machine, MachineBatch, Mathematics, Stepped, clamped, step_alone};
use super::physics::{PhysicsError, finite, positive, some_steps};
use super::trigonometry::sin_cos;
use crate::picture::Picture;
use crate::picture::{Colour, Scene};
use crate::registry::Family;
use crate::vector::Batch;
use crate::wrappers::{Span, TimeLimit};
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// The car starts uniformly between these, at rest.
pub(super) const START: (f64, f64) = (-0.6, -0.4);

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
    /// Change of velocity by the motor, per step.
    pub force: f64,
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
            goal_position: 0.5,
            goal_velocity: 0.0,
            force: 0.001,
            gravity: 0.0025,
        }
    }
}

/// Refuses walls and goals between which a car cannot start.
pub(super) fn check_road(
    (leftmost_wall, rightmost_wall): (f64, f64),
    goal: (f64, f64),
    (goal_velocity, max_speed): (f64, f64),
) -> Result<(), PhysicsError> {
    let (name, value, needed) = if !(leftmost_wall.is_finite() && leftmost_wall <= START.0) {
        ("min_position", leftmost_wall, "a wall to the left of where cars start, at -0.6 or less,")
    } else if !(goal.0.is_finite() && goal.0 > START.1) {
        ("goal_position", goal.0, "a goal to the right of where cars start, at more than -0.4,")
    } else if !(rightmost_wall.is_finite() && rightmost_wall >= goal.1) {
        ("max_position", rightmost_wall, "a wall that is not to the left of the goal")
    } else if goal_velocity > max_speed {
        ("goal_velocity", goal_velocity, "a velocity of at most `max_speed`")
    } else {
        return Ok(());
    };
    Err(PhysicsError { name, value, needed })
}

impl Physics {
    fn check(&self) -> Result<(), PhysicsError> {
        let Physics { min_position, max_position, max_speed, goal_position, goal_velocity, force, gravity } = *self;
        positive([("max_speed", max_speed), ("force", force), ("gravity", gravity)])?;
        finite([("goal_velocity", goal_velocity)])?;
        check_road((min_position, max_position), (goal_position, goal_position), (goal_velocity, max_speed))
    }
}

/// One car in one valley. Its page of the manual is that of [`MountainCars`].
#[derive(Clone, Debug, PartialEq)]
pub struct MountainCar {
    physics: Physics,
    position: f64,
    velocity: f64,
}

impl MountainCar {
    /// A car of this make.
    ///
    /// # Errors
    /// If the valley is not one that a car can start in, or a quantity is not finite or, where it must be, positive.
    pub fn new(physics: Physics) -> Result<Self, PhysicsError> {
        physics.check()?;
        Ok(MountainCar { physics, position: START.0, velocity: 0.0 })
    }

    /// Position of the car and its velocity.
    pub fn state(&self) -> [f64; 2] {
        [self.position, self.velocity]
    }

    /// Puts the car into a state of your choice.
    pub fn set_state(&mut self, [position, velocity]: [f64; 2]) {
        (self.position, self.velocity) = (position, velocity);
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

impl Machine<7, 2, 2> for MountainCar {
    fn make(&self) -> [f64; 7] {
        let Physics { min_position, max_position, max_speed, goal_position, goal_velocity, force, gravity } =
            self.physics;
        [min_position, max_position, max_speed, goal_position, goal_velocity, force, gravity]
    }

    fn numbers(&self) -> [f64; 2] {
        self.state()
    }

    fn set_numbers(&mut self, state: [f64; 2]) {
        self.set_state(state);
    }

    #[inline(always)]
    fn advance(
        [min_position, max_position, max_speed, goal_position, goal_velocity, force, gravity]: [f64; 7],
        [position, velocity]: [f64; 2],
        action: f64,
        mathematics: &mut impl Mathematics,
    ) -> Stepped<2, 2> {
        let motor = (action - 1.0) * force;
        let (_, slope) = mathematics.sin_cos(3.0 * position);
        let velocity = clamped(velocity + (motor + slope * -gravity), -max_speed, max_speed);
        let position = clamped(position + velocity, min_position, max_position);
        let velocity = if (position == min_position) & (velocity < 0.0) { 0.0 } else { velocity };
        let terminated = (position >= goal_position) & (velocity >= goal_velocity);
        Stepped { state: [position, velocity], shown: [position as f32, velocity as f32], reward: -1.0, terminated }
    }
}

impl Environment for MountainCar {
    fn observation_space(&self) -> Space {
        let Physics { min_position, max_position, max_speed, .. } = self.physics;
        road_and_speed(min_position, max_position, max_speed)
    }

    fn action_space(&self) -> Space {
        Space::discrete(3)
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.position = START.0 + (START.1 - START.0) * rng.random::<f64>();
        self.velocity = 0.0;
        self.observe(observation);
    }

    fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
        step_alone(self, action.index() as f64, observation)
    }

    fn picture(&self) -> Option<Picture> {
        let Physics { min_position, max_position, goal_position, .. } = self.physics;
        Some(valley(self.position, min_position, max_position, goal_position))
    }
}

/// The observations of a car: where on the road it is, and how fast.
pub(super) fn road_and_speed(min_position: f64, max_position: f64, max_speed: f64) -> Space {
    let (low, high) = (vec![min_position as f32, -max_speed as f32], vec![max_position as f32, max_speed as f32]);
    Space::Box { low, high, shape: vec![2] }
}

/// The valley with the car in it and a flag at the goal. Distances along it are stretched for the eye, not heights.
pub(super) fn valley(position: f64, min_position: f64, max_position: f64, goal_position: f64) -> Picture {
    let height = |x: f64| 0.45 * sin_cos(3.0 * x).0 + 0.55;
    let point = |x: f64| (x, height(x));
    let between = |share: f64| min_position + share * (max_position - min_position);
    let hill: Vec<_> = (0..=60).map(|i| point(between(f64::from(i) / 60.0))).collect();
    let (goal, top) = (point(goal_position), height(goal_position) + 0.2);
    Scene::new((min_position - 0.1, max_position + 0.1), (0.0, 1.3))
        .line(hill, 0.02, Colour::BLACK)
        .line(vec![goal, (goal.0, top)], 0.01, Colour::GREY)
        .polygon(vec![(goal.0, top), (goal.0 + 0.08, top - 0.04), (goal.0, top - 0.08)], Colour::GREEN)
        .disc((position, height(position) + 0.05), 0.05, Colour::BLUE)
        .into()
}

/// Cars in valleys: `MountainCar-v0` and `MountainCarVaried-v0`.
///
/// # Description
/// A car stands in a valley, at the bottom or near it. Its motor is weaker than the slope: to get up to the goal on the
/// right it must swing to and fro. Strength of motor, pull and the like are the task: the same for all in
/// `MountainCar-v0`, drawn for each in `MountainCarVaried-v0`.
///
/// # Action space
/// `Discrete(3)`: to the left, nothing, to the right.
///
/// # Observation space
/// `Box([2])`: position of the car between `min_position` and `max_position`, and its velocity between plus and minus
/// `max_speed`. Nothing has a unit.
///
/// # Rewards
/// -1 for every step, also the last.
///
/// # Starting state
/// Position uniform between -0.6 and -0.4, at rest.
///
/// # Episode end
/// Terminated when the car is at `goal_position` or beyond and at least as fast as `goal_velocity`; truncated after
/// `max_episode_steps`, 200.
///
/// # Arguments
/// The fields below. A physical quantity is a number or a range such as `0.0008..0.0015`, from which each task draws its
/// own. `MountainCarVaried-v0` ([`MountainCars::varied`]) draws force from 0.0008..0.0016, gravity from 0.0018..0.003 and
/// max_speed from 0.06..0.08. The CARL benchmark sets no bounds to these, only to their signs. A hand-made player that
/// always pushes the way the car rolls gets at least 95 in 100 of them to the goal within 200 steps.
///
/// # Differences from the source
/// None in `MountainCar-v0` (Gymnasium 1.4), but for its generator of random numbers and that nothing is said about steps
/// after the end of an episode. (CARL's default goal is at 0.45; here it is Gymnasium's.)
///
/// # Version history
/// `MountainCar-v0`: first version here; the number is Gymnasium's. `MountainCarVaried-v0`: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MountainCars {
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
    /// Change of velocity by the motor, per step.
    pub force: Span,
    /// Change of velocity by the steepest slope, per step.
    pub gravity: Span,
    /// An episode is truncated after so many steps.
    pub max_episode_steps: u64,
}

impl Default for MountainCars {
    fn default() -> Self {
        let Physics { min_position, max_position, max_speed, goal_position, goal_velocity, force, gravity } =
            Physics::default();
        MountainCars {
            min_position: Span::single(min_position),
            max_position: Span::single(max_position),
            max_speed: Span::single(max_speed),
            goal_position: Span::single(goal_position),
            goal_velocity: Span::single(goal_velocity),
            force: Span::single(force),
            gravity: Span::single(gravity),
            max_episode_steps: 200,
        }
    }
}

impl MountainCars {
    /// Cars and valleys of all makes: the defaults of `MountainCarVaried-v0`.
    pub fn varied() -> Self {
        MountainCars {
            max_speed: Span::between(0.06, 0.08),
            force: Span::between(0.0008, 0.0016),
            gravity: Span::between(0.0018, 0.003),
            ..MountainCars::default()
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
            force: self.force.sample(rng),
            gravity: self.gravity.sample(rng),
        }
    }
}

impl MountainCars {
    fn draw(&self, rng: &mut Rng) -> MountainCar {
        match MountainCar::new(self.sample_physics(rng)) {
            Ok(car) => car,
            Err(error) => panic!("{error}; Family::check would have said so"),
        }
    }
}

impl TaskDistribution for MountainCars {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        Box::new(TimeLimit::new(self.draw(rng), self.max_episode_steps))
    }

    fn batch(&self, rngs: &mut [Rng]) -> Box<dyn Batch> {
        Box::new(MachineBatch::new(rngs.iter_mut().map(|rng| self.draw(rng)), self.max_episode_steps))
    }
}

impl Family for MountainCars {
    fn check(&self) -> Result<(), String> {
        positive([("max_speed", self.max_speed.low()), ("force", self.force.low()), ("gravity", self.gravity.low())])
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

    /// Pushes the way the car rolls. Says how many steps it takes to the goal.
    fn steps_to_goal(mut car: MountainCar, rng: &mut Rng) -> Option<u32> {
        car.reset(rng, &mut [0.0; 2]);
        (1..=200).find(|_| {
            let push = if car.state()[1] >= 0.0 { 2 } else { 0 };
            car.step(Action::Discrete(push), rng, &mut [0.0; 2]).terminated
        })
    }

    #[test]
    fn a_step_is_what_it_is_on_paper() {
        let mut car = MountainCar::new(Physics::default()).unwrap();
        // At the bottom, where cos 3x = 0, only the motor counts; on the slope at x = 0 gravity pulls with all it has.
        for (state, action, expected) in [
            ([-std::f64::consts::PI / 6.0, 0.0], 2, 0.001),
            ([-std::f64::consts::PI / 6.0, 0.0], 1, 0.0),
            ([0.0, 0.01], 1, 0.01 - 0.0025),
            ([0.0, 0.01], 0, 0.01 - 0.0025 - 0.001),
            ([0.0, 0.2], 2, 0.07),
        ] {
            car.set_state(state);
            let step = car.step(Action::Discrete(action), &mut stream(0, "car", &[]), &mut [0.0; 2]);
            assert!((car.state()[1] - expected).abs() < 1e-15 && step.reward == -1.0, "{state:?}: {:?}", car.state());
            assert!((car.state()[0] - state[0] - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn walls_hold_the_car_and_the_left_one_stops_it() {
        let mut car = MountainCar::new(Physics { goal_position: 0.6, ..Physics::default() }).unwrap();
        let mut step = |state| {
            car.set_state(state);
            let ended = car.step(Action::Discrete(1), &mut stream(0, "car", &[]), &mut [0.0; 2]).terminated;
            (car.state(), ended)
        };
        assert_eq!(step([-1.19, -0.05]), ([-1.2, 0.0], false));
        let ([position, velocity], ended) = step([0.59, 0.05]);
        assert!(position == 0.6 && velocity > 0.04 && ended);
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let refuse = |family: MountainCars| family.check().unwrap_err();
        let default = MountainCars::default;
        assert!(refuse(MountainCars { force: Span::single(0.0), ..default() }).contains("`force` is 0"));
        assert!(refuse(MountainCars { min_position: Span::between(-1.0, -0.5), ..default() }).contains("min_position"));
        assert!(
            refuse(MountainCars { max_position: Span::single(0.4), ..default() }).contains("`max_position` is 0.4")
        );
        assert!(refuse(MountainCars { goal_position: Span::single(-0.5), ..default() }).contains("goal_position"));
        assert!(refuse(MountainCars { goal_velocity: Span::single(0.1), ..default() }).contains("goal_velocity"));
        assert!(refuse(MountainCars { max_episode_steps: 0, ..default() }).contains("max_episode_steps"));
        assert!(MountainCar::new(Physics { gravity: f64::NAN, ..Physics::default() }).is_err());
    }

    #[test]
    fn the_motor_alone_is_too_weak_and_swinging_is_not() {
        let mut rng = stream(0, "car", &[1]);
        let mut car = MountainCar::new(Physics::default()).unwrap();
        car.reset(&mut rng, &mut [0.0; 2]);
        assert!((0..200).all(|_| !car.step(Action::Discrete(2), &mut rng, &mut [0.0; 2]).terminated));
        let steps = steps_to_goal(car, &mut rng).unwrap();
        assert!((100..140).contains(&steps), "{steps} steps; good learners need about 110");
    }

    #[test]
    fn varied_cars_vary_and_reach_the_goal() {
        let family = MountainCars::varied();
        family.check().unwrap();
        let mut rng = stream(0, "car", &[2]);
        let drawn: Vec<Physics> = (0..500).map(|_| family.sample_physics(&mut rng)).collect();
        let mean = drawn.iter().map(|physics| physics.gravity).sum::<f64>() / 500.0;
        assert!((mean - 0.0024).abs() < 8e-5, "{mean}: standard error 1.5e-5");
        let solved = drawn
            .iter()
            .filter(|physics| steps_to_goal(MountainCar::new(**physics).unwrap(), &mut rng).is_some())
            .count();
        assert!(solved >= 475, "only {solved} of 500 drawn cars reached the goal");
    }
}
