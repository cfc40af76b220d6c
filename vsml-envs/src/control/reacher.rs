//! An arm of two links that looks for a point it cannot see.
//!
//! The arm is that of gymnax's `Reacher-misc`: it floats, nothing pulls at it, and the links do not push each other. Each
//! has its own motor and its own angle, measured from the same direction; where the second ends is where the arm ends.
//! Masses and lengths, which gymnax does not have, enter as those of a weight at the end of a weightless link.

use super::physics::{PhysicsError, finite, positive, some_steps};
use super::trigonometry::sin_cos;
use crate::picture::{Colour, Picture, Scene};
use crate::registry::Family;
use crate::wrappers::{Span, TimeLimit};
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// The angles start uniformly within plus or minus this, rad.
const START_ANGLE: f64 = PI;
/// The velocities start uniformly within plus or minus this, rad/s.
const START_VELOCITY: f64 = 1.0;

/// The make of an arm, and its goal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReacherTask {
    /// Where the arm is to end, m.
    pub goal: [f64; 2],
    /// Length of each link, m.
    pub lengths: [f64; 2],
    /// Mass at the end of each link, kg.
    pub masses: [f64; 2],
    /// Torque of an action of 1, N m.
    pub torque: f64,
    /// Time from step to step, s.
    pub tau: f64,
    /// Whether observations show the goal.
    pub show_goal: bool,
}

impl ReacherTask {
    fn check(&self) -> Result<(), PhysicsError> {
        finite([("goal_x", self.goal[0]), ("goal_y", self.goal[1])])?;
        positive([
            ("length_1", self.lengths[0]),
            ("length_2", self.lengths[1]),
            ("mass_1", self.masses[0]),
            ("mass_2", self.masses[1]),
            ("torque", self.torque),
            ("tau", self.tau),
        ])
    }
}

/// One arm with one goal. Its page of the manual is that of [`Reachers`].
#[derive(Clone, Debug, PartialEq)]
pub struct Reacher {
    task: ReacherTask,
    angles: [f64; 2],
    velocities: [f64; 2],
}

impl Reacher {
    /// An arm with this task.
    ///
    /// # Errors
    /// If a number is not finite or, where it must be, positive.
    pub fn new(task: ReacherTask) -> Result<Self, PhysicsError> {
        task.check()?;
        Ok(Reacher { task, angles: [0.0; 2], velocities: [0.0; 2] })
    }

    /// The two angles (rad) and the two velocities (rad/s).
    pub fn state(&self) -> ([f64; 2], [f64; 2]) {
        (self.angles, self.velocities)
    }

    /// Puts the arm into a state of your choice.
    pub fn set_state(&mut self, angles: [f64; 2], velocities: [f64; 2]) {
        (self.angles, self.velocities) = (angles, velocities);
    }

    /// The task, with the goal in it.
    pub fn task(&self) -> ReacherTask {
        self.task
    }

    /// Writes the observation. Says where the arm ends, m.
    fn observe(&self, observation: &mut [f32]) -> [f64; 2] {
        let [(sin_1, cos_1), (sin_2, cos_2)] = self.angles.map(sin_cos);
        let [length_1, length_2] = self.task.lengths;
        let [velocity_1, velocity_2] = self.velocities;
        let [goal_x, goal_y] = self.task.goal;
        let numbers = [cos_1, cos_2, sin_1, sin_2, velocity_1, velocity_2, goal_x, goal_y];
        // Without the goal the observation is shorter and the last two fall away.
        for (shown, number) in observation.iter_mut().zip(numbers) {
            *shown = number as f32;
        }
        [length_1 * cos_1 + length_2 * cos_2, length_1 * sin_1 + length_2 * sin_2]
    }
}

impl Environment for Reacher {
    fn observation_space(&self) -> Space {
        let infinite = f32::INFINITY;
        let mut high = vec![1.0, 1.0, 1.0, 1.0, infinite, infinite];
        if self.task.show_goal {
            high.extend([infinite; 2]);
        }
        let shape = vec![high.len()];
        Space::Box { low: high.iter().map(|bound| -bound).collect(), high, shape }
    }

    fn action_space(&self) -> Space {
        Space::uniform_box(-1.0, 1.0, 2)
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        let mut within = |most: f64| -most + 2.0 * most * rng.random::<f64>();
        self.angles = [within(START_ANGLE), within(START_ANGLE)];
        self.velocities = [within(START_VELOCITY), within(START_VELOCITY)];
        self.observe(observation);
    }

    fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
        let ReacherTask { goal, lengths, masses, torque, tau, .. } = self.task;
        for (link, &push) in action.numbers().iter().enumerate() {
            let inertia = masses[link] * (lengths[link] * lengths[link]);
            self.velocities[link] += tau * (torque * f64::from(push) / inertia);
            self.angles[link] += tau * self.velocities[link];
        }
        let [x, y] = self.observe(observation);
        let [off_x, off_y] = [x - goal[0], y - goal[1]];
        Step::going_on(libm::exp(-(off_x * off_x + off_y * off_y)))
    }

    fn picture(&self) -> Option<Picture> {
        let ReacherTask { goal: [goal_x, goal_y], lengths, .. } = self.task;
        let [(sin_1, cos_1), (sin_2, cos_2)] = self.angles.map(sin_cos);
        let joint = (lengths[0] * cos_1, lengths[0] * sin_1);
        let end = (joint.0 + lengths[1] * cos_2, joint.1 + lengths[1] * sin_2);
        let edge = 1.1 * (lengths[0] + lengths[1]).max(goal_x.abs()).max(goal_y.abs());
        let scene = Scene::new((-edge, edge), (-edge, edge))
            .ring((0.0, 0.0), lengths[0] + lengths[1], Colour::LIGHT)
            .line(vec![(0.0, 0.0), joint], 0.05 * edge, Colour::SKY)
            .line(vec![joint, end], 0.05 * edge, Colour::BLUE)
            .disc((0.0, 0.0), 0.04 * edge, Colour::BLACK)
            .disc(joint, 0.04 * edge, Colour::ORANGE)
            .disc((goal_x, goal_y), 0.05 * edge, Colour::GREEN);
        Some(scene.into())
    }
}

/// Arms of two links: `Reacher-v0`.
///
/// # Description
/// An arm of two links floats on a plane, held at one end. Each link has a motor. Bring the other end to a goal and keep
/// it there. The goal is the task, and it must be found out from the rewards; the make of the arm may differ too.
///
/// # Action space
/// `Box(-1, 1, [2])`: the torque on each link, divided by `torque`.
///
/// # Observation space
/// `Box([6])`: the cosines of the two angles, their sines, and the two velocities (rad/s), which have no bounds. With
/// `show_goal` it is `Box([8])`: where the goal is, too.
///
/// # Rewards
/// exp(-d²), with d the distance of the arm's end from the goal after the step: 1 at the goal, 0.37 at a metre from it.
///
/// # Starting state
/// Angles uniform in ±π, velocities uniform in ±1.
///
/// # Episode end
/// Never terminated; truncated after `max_episode_steps`, 100.
///
/// # Arguments
/// The fields below. Goals are drawn from a square that is as wide as the arm is long on either side; what lies in its
/// corners cannot be reached. `goal_x=-1.4..1.4,goal_y=-1.4..1.4` can be reached everywhere.
///
/// # Differences from the source
/// In gymnax a goal is drawn for every episode and is in the observation: here it is the task's, and hidden unless
/// `show_goal=true`. gymnax computes in `f32`, and has neither lengths nor masses: with 1 for all of them the equations
/// are its own. There is no friction, as there.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reachers {
    /// First coordinate of the goal, m.
    pub goal_x: Span,
    /// Second coordinate of the goal, m.
    pub goal_y: Span,
    /// Length of the first link, m.
    pub length_1: Span,
    /// Length of the second link, m.
    pub length_2: Span,
    /// Mass at the end of the first link, kg.
    pub mass_1: Span,
    /// Mass at the end of the second link, kg.
    pub mass_2: Span,
    /// Torque of an action of 1, N m.
    pub torque: Span,
    /// Time from step to step, s.
    pub tau: Span,
    /// Whether observations show the goal.
    pub show_goal: bool,
    /// An episode is truncated after so many steps.
    pub max_episode_steps: u64,
}

impl Default for Reachers {
    fn default() -> Self {
        Reachers {
            goal_x: Span::between(-2.0, 2.0),
            goal_y: Span::between(-2.0, 2.0),
            length_1: Span::single(1.0),
            length_2: Span::single(1.0),
            mass_1: Span::single(1.0),
            mass_2: Span::single(1.0),
            torque: Span::single(1.0),
            tau: Span::single(0.05),
            show_goal: false,
            max_episode_steps: 100,
        }
    }
}

impl Reachers {
    fn task(&self, mut choose: impl FnMut(&Span) -> f64) -> ReacherTask {
        ReacherTask {
            goal: [choose(&self.goal_x), choose(&self.goal_y)],
            lengths: [choose(&self.length_1), choose(&self.length_2)],
            masses: [choose(&self.mass_1), choose(&self.mass_2)],
            torque: choose(&self.torque),
            tau: choose(&self.tau),
            show_goal: self.show_goal,
        }
    }
}

impl TaskDistribution for Reachers {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        match Reacher::new(self.task(|span| span.sample(rng))) {
            Ok(arm) => Box::new(TimeLimit::new(arm, self.max_episode_steps)),
            Err(error) => panic!("{error}; Family::check would have said so"),
        }
    }
}

impl Family for Reachers {
    fn check(&self) -> Result<(), String> {
        self.task(Span::low).check().map_err(|error| error.to_string())?;
        some_steps(self.max_episode_steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    fn arm(family: &Reachers, goal: [f64; 2]) -> Reacher {
        Reacher::new(ReacherTask { goal, ..family.task(Span::low) }).unwrap()
    }

    #[test]
    fn a_step_is_what_it_is_on_paper() {
        let mut rng = stream(0, "reacher", &[]);
        let mut arm = arm(
            &Reachers { length_2: Span::single(2.0), mass_2: Span::single(0.5), ..Reachers::default() },
            [1.0, 2.0],
        );
        // At rest along the axes; the second link's inertia is 2.
        arm.set_state([0.0, PI / 2.0], [0.0, 0.0]);
        let mut shown = [0.0; 6];
        let step = arm.step(Action::Continuous(&[1.0, -1.0]), &mut rng, &mut shown);
        let (angles, velocities) = arm.state();
        assert_eq!(velocities, [0.05, -0.025]);
        assert!((angles[0] - 0.0025).abs() < 1e-15 && (angles[1] - (PI / 2.0 - 0.00125)).abs() < 1e-15, "{angles:?}");
        // The end has moved from (1, 2) by twice 0.00125 to the right and by 0.0025 upwards.
        assert!((step.reward - (-2.0 * 0.0025_f64 * 0.0025).exp()).abs() < 1e-7 && !step.ended(), "{step:?}");
        assert!((shown[3] - 1.0).abs() < 1e-5 && (shown[1] - 0.00125).abs() < 1e-6 && shown[4] == 0.05);
    }

    #[test]
    fn rewards_tell_of_the_goal_and_observations_do_not() {
        let mut rng = stream(0, "reacher", &[1]);
        let mut answer = |goal| {
            let mut arm = arm(&Reachers::default(), goal);
            arm.set_state([0.3, -1.0], [0.5, 0.0]);
            let mut shown = [f32::NAN; 6];
            (arm.step(Action::Continuous(&[0.5, -0.5]), &mut rng, &mut shown).reward, shown)
        };
        let ((near, one), (far, other)) = (answer([1.5, -0.5]), answer([-1.0, 1.0]));
        assert!(near > 0.9 && far < 0.01, "{near} {far}");
        assert_eq!(one, other);
        let mut open = arm(&Reachers { show_goal: true, ..Reachers::default() }, [0.5, -2.0]);
        let mut shown = [0.0; 8];
        open.reset(&mut rng, &mut shown);
        assert_eq!(shown[6..], [0.5, -2.0]);
    }

    #[test]
    fn who_knows_the_goal_gets_there() {
        let family =
            Reachers { goal_x: Span::between(-1.4, 1.4), goal_y: Span::between(-1.4, 1.4), ..Reachers::default() };
        let mut rng = stream(0, "reacher", &[2]);
        let mut arrived = 0;
        for _ in 0..100 {
            let mut arm = Reacher::new(family.task(|span| span.sample(&mut rng))).unwrap();
            arm.reset(&mut rng, &mut [0.0; 6]);
            // The angles at which the arm ends at the goal: one from the goal's direction to either side.
            let [x, y] = arm.task().goal;
            let (direction, spread) = (y.atan2(x), (x.hypot(y) / 2.0).acos());
            let wanted = [direction + spread, direction - spread];
            let mut last = 0.0;
            for _ in 0..300 {
                let (angles, velocities) = arm.state();
                let push = [0, 1].map(|link| {
                    let off = (wanted[link] - angles[link] + PI).rem_euclid(2.0 * PI) - PI;
                    (off - 1.8 * velocities[link]).clamp(-1.0, 1.0) as f32
                });
                last = arm.step(Action::Continuous(&push), &mut rng, &mut [0.0; 6]).reward;
            }
            arrived += u32::from(last > 0.99);
        }
        assert!(arrived >= 95, "{arrived} of 100");
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let refuse = |family: Reachers| family.check().unwrap_err();
        let default = Reachers::default;
        assert!(refuse(Reachers { length_2: Span::single(0.0), ..default() }).contains("`length_2` is 0"));
        assert!(refuse(Reachers { mass_1: Span::between(-1.0, 1.0), ..default() }).contains("`mass_1` is -1"));
        assert!(refuse(Reachers { max_episode_steps: 0, ..default() }).contains("max_episode_steps"));
    }
}
