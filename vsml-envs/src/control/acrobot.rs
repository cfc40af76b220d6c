//! Two links and one motor between them, exactly as in Gymnasium, and links of other make.
//!
//! The task is Sutton's (1996), with the equations of his and Barto's book, in the form of Gymnasium 1.4's `Acrobot-v1`,
//! in `f64` and in the same order of operations, so that states agree with it to the last bit; recorded trajectories hold
//! this. Its choices are kept: one step of Runge and Kutta's method of fourth order over the whole 0.2 s, the torque
//! constant in it; velocities are clipped and angles wrapped after it; a start that is rounded to `f32`. The goal is
//! asked of the angles as if both links were 1 m long, whatever their lengths are.

mod motion;

use super::lanes::{Alone, Machine, MachineBatch, Mathematics, Stepped, settle, step_alone};
use super::physics::{PhysicsError, not_negative, positive, some_steps};
use super::trigonometry::sin_cos;
use crate::picture::{Colour, Picture, Scene};
use crate::registry::Family;
use crate::vector::{Batch, Environments};
use crate::wrappers::{Span, TimeLimit};
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Each number of the state starts uniformly within plus or minus this.
const START: f64 = 0.1;

/// Whose equations of motion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Equations {
    /// Those of Sutton & Barto's book.
    #[default]
    Book,
    /// Those of Sutton's paper at NIPS 1996, where the second link does not feel how fast the first turns.
    Nips,
}

/// The make of the links and their motor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Physics {
    /// Acceleration of free fall, m/s².
    pub gravity: f64,
    /// Length of the first link, m.
    pub link_length_1: f64,
    /// Mass of the first link, kg.
    pub link_mass_1: f64,
    /// Mass of the second link, kg.
    pub link_mass_2: f64,
    /// Distance of the first link's centre of mass from where it hangs, m.
    pub link_com_1: f64,
    /// Distance of the second link's centre of mass from the joint, m.
    pub link_com_2: f64,
    /// Moment of inertia of each link, kg m².
    pub link_moi: f64,
    /// Greatest speed of the first link, rad/s.
    pub max_velocity_1: f64,
    /// Greatest speed of the second link against the first, rad/s.
    pub max_velocity_2: f64,
    /// Torque of the motor, N m.
    pub torque: f64,
    /// Each step's torque is off by up to this, uniformly, N m.
    pub torque_noise: f64,
    /// Time from step to step, s.
    pub tau: f64,
    /// Whose equations of motion.
    pub equations: Equations,
}

impl Default for Physics {
    /// Gymnasium's constants.
    fn default() -> Self {
        Physics {
            gravity: 9.8,
            link_length_1: 1.0,
            link_mass_1: 1.0,
            link_mass_2: 1.0,
            link_com_1: 0.5,
            link_com_2: 0.5,
            link_moi: 1.0,
            max_velocity_1: 4.0 * PI,
            max_velocity_2: 9.0 * PI,
            torque: 1.0,
            torque_noise: 0.0,
            tau: 0.2,
            equations: Equations::Book,
        }
    }
}

impl Physics {
    fn check(&self) -> Result<(), PhysicsError> {
        positive([
            ("gravity", self.gravity),
            ("link_length_1", self.link_length_1),
            ("link_mass_1", self.link_mass_1),
            ("link_mass_2", self.link_mass_2),
            ("link_moi", self.link_moi),
            ("max_velocity_1", self.max_velocity_1),
            ("max_velocity_2", self.max_velocity_2),
            ("torque", self.torque),
            ("tau", self.tau),
        ])?;
        not_negative([
            ("link_com_1", self.link_com_1),
            ("link_com_2", self.link_com_2),
            ("torque_noise", self.torque_noise),
        ])
    }
}

/// Two links and their motor. Its page of the manual is that of [`Acrobots`].
#[derive(Clone, Debug, PartialEq)]
pub struct Acrobot {
    physics: Physics,
    state: [f64; 4],
}

impl Acrobot {
    /// Links of this make.
    ///
    /// # Errors
    /// If a quantity is not finite, negative, or 0 where that makes no sense.
    pub fn new(physics: Physics) -> Result<Self, PhysicsError> {
        physics.check()?;
        Ok(Acrobot { physics, state: [0.0; 4] })
    }

    /// Angle of the first link from hanging down (rad), angle of the second from the first, and their velocities (rad/s).
    pub fn state(&self) -> [f64; 4] {
        self.state
    }

    /// Puts the links into a state of your choice.
    pub fn set_state(&mut self, state: [f64; 4]) {
        self.state = state;
    }

    /// The make.
    pub fn physics(&self) -> Physics {
        self.physics
    }

    fn observe(&self, observation: &mut [f32]) {
        let [angle_1, angle_2, velocity_1, velocity_2] = self.state;
        let ((sin_1, cos_1), (sin_2, cos_2)) = (sin_cos(angle_1), sin_cos(angle_2));
        let numbers = [cos_1, sin_1, cos_2, sin_2, velocity_1, velocity_2];
        for (shown, number) in observation.iter_mut().zip(numbers) {
            *shown = number as f32;
        }
    }
}

impl Physics {
    /// A step under a torque, however it came about.
    #[inline(always)]
    fn swing(&self, state: [f64; 4], torque: f64, mathematics: &mut impl Mathematics) -> Stepped<4, 6> {
        let state = self.advance(state, torque, mathematics);
        let [angle_1, angle_2, velocity_1, velocity_2] = state;
        let ((sin_1, cos_1), (sin_2, cos_2)) = (mathematics.sin_cos(angle_1), mathematics.sin_cos(angle_2));
        let terminated = -cos_1 - mathematics.sin_cos(angle_2 + angle_1).1 > 1.0;
        let shown = [cos_1, sin_1, cos_2, sin_2, velocity_1, velocity_2].map(|number| number as f32);
        Stepped { state, shown, reward: if terminated { 0.0 } else { -1.0 }, terminated }
    }
}

/// Without noise of the torque, for that is drawn.
impl Machine<12, 4, 6> for Acrobot {
    fn make(&self) -> [f64; 12] {
        let physics = self.physics;
        [
            physics.gravity,
            physics.link_length_1,
            physics.link_mass_1,
            physics.link_mass_2,
            physics.link_com_1,
            physics.link_com_2,
            physics.link_moi,
            physics.max_velocity_1,
            physics.max_velocity_2,
            physics.torque,
            physics.tau,
            f64::from(u8::from(physics.equations == Equations::Nips)),
        ]
    }

    fn numbers(&self) -> [f64; 4] {
        self.state
    }

    fn set_numbers(&mut self, state: [f64; 4]) {
        self.state = state;
    }

    #[inline(always)]
    fn advance(make: [f64; 12], state: [f64; 4], action: f64, mathematics: &mut impl Mathematics) -> Stepped<4, 6> {
        let [gravity, link_length_1, link_mass_1, link_mass_2, link_com_1, link_com_2, link_moi, rest @ ..] = make;
        let [max_velocity_1, max_velocity_2, torque, tau, nips] = rest;
        let physics = Physics {
            gravity,
            link_length_1,
            link_mass_1,
            link_mass_2,
            link_com_1,
            link_com_2,
            link_moi,
            max_velocity_1,
            max_velocity_2,
            torque,
            torque_noise: 0.0,
            tau,
            equations: if nips == 1.0 { Equations::Nips } else { Equations::Book },
        };
        physics.swing(state, (action - 1.0) * torque, mathematics)
    }
}

impl Environment for Acrobot {
    fn observation_space(&self) -> Space {
        let Physics { max_velocity_1, max_velocity_2, .. } = self.physics;
        let high = vec![1.0, 1.0, 1.0, 1.0, max_velocity_1 as f32, max_velocity_2 as f32];
        Space::Box { low: high.iter().map(|bound| -bound).collect(), high, shape: vec![6] }
    }

    fn action_space(&self) -> Space {
        Space::discrete(3)
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        for number in &mut self.state {
            *number = f64::from((-START + 2.0 * START * rng.random::<f64>()) as f32);
        }
        self.observe(observation);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let action = action.index() as f64;
        let Physics { torque, torque_noise: noise, .. } = self.physics;
        if noise > 0.0 {
            let torque = (action - 1.0) * torque + (-noise + 2.0 * noise * rng.random::<f64>());
            settle(self, self.physics.swing(self.state, torque, &mut Alone), observation)
        } else {
            step_alone(self, action, observation)
        }
    }

    fn picture(&self) -> Option<Picture> {
        let [angle_1, angle_2, ..] = self.state;
        let ((sin_1, cos_1), (sin_2, cos_2)) = (sin_cos(angle_1), sin_cos(angle_1 + angle_2));
        let (joint, tip) = ((sin_1, -cos_1), (sin_1 + sin_2, -cos_1 - cos_2));
        let scene = Scene::new((-2.2, 2.2), (-2.2, 2.2))
            .line(vec![(-2.2, 1.0), (2.2, 1.0)], 0.03, Colour::GREEN)
            .line(vec![(0.0, 0.0), joint], 0.15, Colour::SKY)
            .line(vec![joint, tip], 0.15, Colour::BLUE)
            .disc((0.0, 0.0), 0.1, Colour::BLACK)
            .disc(joint, 0.1, Colour::ORANGE);
        Some(scene.into())
    }
}

/// Two links and one motor: `Acrobot-v1` and `AcrobotVaried-v0`.
///
/// # Description
/// Two links hang from each other and from a fixed point, like a gymnast from a bar. Only the joint between them has a
/// motor. Swing the tip up above the line one metre over the bar. The make of links and motor is the task: the same for
/// all in `Acrobot-v1`, drawn for each in `AcrobotVaried-v0`.
///
/// # Action space
/// `Discrete(3)`: torque to the one side, none, to the other.
///
/// # Observation space
/// `Box([6])`: cosine and sine of the first link's angle from hanging down, cosine and sine of the second's from the
/// first, and the two velocities (rad/s), within ±`max_velocity_1` and ±`max_velocity_2`.
///
/// # Rewards
/// -1 for every step but the one that reaches the line, which gives 0.
///
/// # Starting state
/// Each of the two angles and two velocities uniform in ±0.1, rounded to `f32`.
///
/// # Episode end
/// Terminated when -cos θ₁ - cos(θ₁ + θ₂) > 1: the tip of links of 1 m is above the line. Truncated after
/// `max_episode_steps`, 500.
///
/// # Arguments
/// The fields below. A physical quantity is a number or a range such as `0.7..1.3`, from which each task draws its own.
/// `AcrobotVaried-v0` ([`Acrobots::varied`]) draws link_length_1, the masses and link_moi from 0.7..1.3 and the two
/// centres of mass from 0.35..0.65, all inside the ranges of the CARL benchmark (0.1..10, and 0..1 for the centres). A
/// hand-made player that always turns the joint against the first link's swing gets at least 95 in 100 of them above the
/// line. `torque` is what the action's -1, 0 and 1 are multiplied by; it and `gravity` are not among CARL's.
///
/// # Differences from the source
/// None in `Acrobot-v1` (Gymnasium 1.4), but for its generator of random numbers and the first observation of an episode:
/// there cosine and sine are computed in `f32`, here in `f64` and then rounded, so that some differ by one in the last
/// place. The length of the second link enters no equation and is no parameter.
///
/// # Version history
/// `Acrobot-v1`: first version here; the number is Gymnasium's. `AcrobotVaried-v0`: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Acrobots {
    /// Acceleration of free fall, m/s².
    pub gravity: Span,
    /// Length of the first link, m.
    pub link_length_1: Span,
    /// Mass of the first link, kg.
    pub link_mass_1: Span,
    /// Mass of the second link, kg.
    pub link_mass_2: Span,
    /// Distance of the first link's centre of mass from where it hangs, m.
    pub link_com_1: Span,
    /// Distance of the second link's centre of mass from the joint, m.
    pub link_com_2: Span,
    /// Moment of inertia of each link, kg m².
    pub link_moi: Span,
    /// Greatest speed of the first link, rad/s.
    pub max_velocity_1: Span,
    /// Greatest speed of the second link against the first, rad/s.
    pub max_velocity_2: Span,
    /// Torque of the motor, N m.
    pub torque: Span,
    /// Each step's torque is off by up to this, uniformly, N m.
    pub torque_noise: Span,
    /// Time from step to step, s.
    pub tau: Span,
    /// Whose equations of motion: `book` or `nips`.
    pub equations: Equations,
    /// An episode is truncated after so many steps.
    pub max_episode_steps: u64,
}

impl Default for Acrobots {
    fn default() -> Self {
        let physics = Physics::default();
        Acrobots {
            gravity: Span::single(physics.gravity),
            link_length_1: Span::single(physics.link_length_1),
            link_mass_1: Span::single(physics.link_mass_1),
            link_mass_2: Span::single(physics.link_mass_2),
            link_com_1: Span::single(physics.link_com_1),
            link_com_2: Span::single(physics.link_com_2),
            link_moi: Span::single(physics.link_moi),
            max_velocity_1: Span::single(physics.max_velocity_1),
            max_velocity_2: Span::single(physics.max_velocity_2),
            torque: Span::single(physics.torque),
            torque_noise: Span::single(physics.torque_noise),
            tau: Span::single(physics.tau),
            equations: physics.equations,
            max_episode_steps: 500,
        }
    }
}

impl Acrobots {
    /// Links of all makes: the defaults of `AcrobotVaried-v0`.
    pub fn varied() -> Self {
        Acrobots {
            link_length_1: Span::between(0.7, 1.3),
            link_mass_1: Span::between(0.7, 1.3),
            link_mass_2: Span::between(0.7, 1.3),
            link_com_1: Span::between(0.35, 0.65),
            link_com_2: Span::between(0.35, 0.65),
            link_moi: Span::between(0.7, 1.3),
            ..Acrobots::default()
        }
    }

    /// Draws the make of the links.
    pub fn sample_physics(&self, rng: &mut Rng) -> Physics {
        self.physics(|span| span.sample(rng))
    }

    fn physics(&self, mut choose: impl FnMut(&Span) -> f64) -> Physics {
        Physics {
            gravity: choose(&self.gravity),
            link_length_1: choose(&self.link_length_1),
            link_mass_1: choose(&self.link_mass_1),
            link_mass_2: choose(&self.link_mass_2),
            link_com_1: choose(&self.link_com_1),
            link_com_2: choose(&self.link_com_2),
            link_moi: choose(&self.link_moi),
            max_velocity_1: choose(&self.max_velocity_1),
            max_velocity_2: choose(&self.max_velocity_2),
            torque: choose(&self.torque),
            torque_noise: choose(&self.torque_noise),
            tau: choose(&self.tau),
            equations: self.equations,
        }
    }
}

impl Acrobots {
    fn draw(&self, rng: &mut Rng) -> Acrobot {
        match Acrobot::new(self.sample_physics(rng)) {
            Ok(links) => links,
            Err(error) => panic!("{error}; Family::check would have said so"),
        }
    }
}

impl TaskDistribution for Acrobots {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        Box::new(TimeLimit::new(self.draw(rng), self.max_episode_steps))
    }

    fn batch(&self, rngs: &mut [Rng]) -> Box<dyn Batch> {
        let links = rngs.iter_mut().map(|rng| self.draw(rng));
        if self.torque_noise.high() > 0.0 {
            let limited = links.map(|links| TimeLimit::new(links, self.max_episode_steps));
            return Box::new(Environments::new(limited.collect()));
        }
        Box::new(MachineBatch::new(links, self.max_episode_steps))
    }
}

impl Family for Acrobots {
    fn check(&self) -> Result<(), String> {
        self.physics(Span::low).check().map_err(|error| error.to_string())?;
        some_steps(self.max_episode_steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    /// Turns the joint against the first link's swing. The steps it takes to the line.
    fn steps_to_line(mut links: Acrobot, rng: &mut Rng) -> Option<u32> {
        links.reset(rng, &mut [0.0; 6]);
        (1..=500).find(|_| {
            let turn = if links.state()[2] >= 0.0 { 0 } else { 2 };
            links.step(Action::Discrete(turn), rng, &mut [0.0; 6]).terminated
        })
    }

    #[test]
    fn angles_are_wrapped_and_velocities_clipped() {
        let mut links = Acrobot::new(Physics::default()).unwrap();
        links.set_state([0.0, 0.0, 12.5, 28.0]);
        links.step(Action::Discrete(2), &mut stream(0, "acrobot", &[]), &mut [0.0; 6]);
        let [angle_1, angle_2, velocity_1, velocity_2] = links.state();
        assert!(angle_1.abs() <= PI && angle_2.abs() <= PI);
        assert!(velocity_1.abs() <= 4.0 * PI && velocity_2.abs() <= 9.0 * PI);
    }

    #[test]
    fn the_line_ends_an_episode_without_cost() {
        let mut links = Acrobot::new(Physics { tau: 1e-9, ..Physics::default() }).unwrap();
        let mut step = |angle_1, angle_2| {
            links.set_state([angle_1, angle_2, 0.0, 0.0]);
            links.step(Action::Discrete(1), &mut stream(0, "acrobot", &[]), &mut [0.0; 6])
        };
        // With the first link level, the second must stand straight up: heights are 0 and 1.
        assert_eq!(step(PI / 2.0, PI / 2.0 - 0.1), Step::going_on(-1.0));
        assert_eq!(step(PI / 2.0 + 0.1, PI / 2.0), Step { reward: 0.0, terminated: true, truncated: false });
        assert_eq!(step(0.0, PI), Step::going_on(-1.0));
        assert!(step(PI, 0.3).terminated);
    }

    #[test]
    fn noise_is_uniform_and_drawn_only_where_there_is_some() {
        let mut rng = stream(0, "acrobot", &[1]);
        let untouched = rng.clone();
        let mut quiet = Acrobot::new(Physics::default()).unwrap();
        quiet.step(Action::Discrete(1), &mut rng, &mut [0.0; 6]);
        assert_eq!(rng, untouched);
        // From rest and for a short time, the joint's velocity is proportional to the torque.
        let mut noisy = Acrobot::new(Physics { torque_noise: 0.5, tau: 1e-3, ..Physics::default() }).unwrap();
        let mut velocities = |action| -> Vec<f64> {
            let step = |_| {
                noisy.set_state([0.0; 4]);
                noisy.step(Action::Discrete(action), &mut rng, &mut [0.0; 6]);
                noisy.state()[3]
            };
            (0..2000).map(step).collect()
        };
        let (none, some) = (velocities(1), velocities(2));
        let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / numbers.len() as f64;
        let unit = mean(&some);
        let (offset, greatest) = (mean(&none) / unit, none.iter().fold(0.0, |most: f64, x| most.max(x.abs())) / unit);
        assert!(offset.abs() < 0.04, "{offset}: standard error 0.0065");
        assert!((0.48..0.53).contains(&greatest), "{greatest}");
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let refuse = |family: Acrobots| family.check().unwrap_err();
        assert!(refuse(Acrobots { link_moi: Span::single(0.0), ..Acrobots::default() }).contains("`link_moi` is 0"));
        let com = Span::between(-1.0, 0.5);
        assert!(refuse(Acrobots { link_com_2: com, ..Acrobots::default() }).contains("`link_com_2` is -1"));
        assert!(refuse(Acrobots { max_episode_steps: 0, ..Acrobots::default() }).contains("max_episode_steps"));
        assert!(Acrobot::new(Physics { torque: f64::NAN, ..Physics::default() }).is_err());
        assert!(serde_json::from_str::<Acrobots>(r#"{"equations":"nips","torque_noise":0.5}"#).is_ok());
    }

    #[test]
    fn varied_links_vary_and_reach_the_line() {
        let family = Acrobots::varied();
        family.check().unwrap();
        let mut rng = stream(0, "acrobot", &[2]);
        let drawn: Vec<Physics> = (0..200).map(|_| family.sample_physics(&mut rng)).collect();
        let mean = drawn.iter().map(|physics| physics.link_com_2).sum::<f64>() / 200.0;
        assert!((mean - 0.5).abs() < 0.03, "{mean}: standard error 0.006");
        let solved =
            drawn.iter().filter(|physics| steps_to_line(Acrobot::new(**physics).unwrap(), &mut rng).is_some()).count();
        assert!(solved >= 190, "only {solved} of 200 drawn gymnasts reached the line");
    }
}
