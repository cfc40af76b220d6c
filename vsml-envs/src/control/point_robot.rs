//! A point on a plane that looks for a goal it cannot see.
//!
//! The simplest continuous task that has to be learnt within a lifetime: the dynamics are trivial, all that differs from
//! task to task is where the goal is, and only the rewards say so. Finn et al. (2017) made it the first test of
//! meta-learnt policies. The same point with other goals and rewards is [`semicircle`](super::semicircle).

use super::physics::{PhysicsError, finite, not_negative, positive, some_steps};
use crate::picture::{Colour, Picture, Scene};
use crate::registry::{Family, unread};
use crate::wrappers::{Span, TimeLimit};
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use serde::{Deserialize, Serialize};

/// What a point is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rewards {
    /// Minus the distance from the goal.
    Dense,
    /// One minus the distance where it is at most the goal's radius, else nothing.
    Sparse,
}

/// How a point moves, where its goal is and what it gets there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PointTask {
    /// Where the goal is.
    pub goal: [f64; 2],
    /// Dense or sparse.
    pub rewards: Rewards,
    /// With sparse rewards, the goal's radius.
    pub goal_radius: f64,
    /// The episode terminates when both coordinates are nearer to the goal's than this; never if 0.
    pub tolerance: f64,
    /// Either number of an action is between plus and minus this.
    pub action_limit: f64,
    /// How far an action of 1 moves the point.
    pub action_scale: f64,
    /// Whether observations show the goal.
    pub show_goal: bool,
}

impl PointTask {
    fn check(&self) -> Result<(), PhysicsError> {
        let [goal_x, goal_y] = self.goal;
        finite([("goal_x", goal_x), ("goal_y", goal_y)])?;
        not_negative([("goal_radius", self.goal_radius), ("tolerance", self.tolerance)])?;
        positive([("action_limit", self.action_limit), ("action_scale", self.action_scale)])
    }
}

/// One point with one goal. Its page of the manual is that of [`PointRobots`].
#[derive(Clone, Debug, PartialEq)]
pub struct PointRobot {
    task: PointTask,
    position: [f64; 2],
}

impl PointRobot {
    /// A point with this task.
    ///
    /// # Errors
    /// If a number is not finite, negative, or 0 where that makes no sense.
    pub fn new(task: PointTask) -> Result<Self, PhysicsError> {
        task.check()?;
        Ok(PointRobot { task, position: [0.0; 2] })
    }

    /// Where the point is.
    pub fn position(&self) -> [f64; 2] {
        self.position
    }

    /// The task, with the goal in it.
    pub fn task(&self) -> PointTask {
        self.task
    }

    fn observe(&self, observation: &mut [f32]) {
        let [x, y] = self.position.map(|number| number as f32);
        let [goal_x, goal_y] = self.task.goal.map(|number| number as f32);
        if self.task.show_goal {
            observation.copy_from_slice(&[x, y, goal_x, goal_y]);
        } else {
            observation.copy_from_slice(&[x, y]);
        }
    }
}

impl Environment for PointRobot {
    fn observation_space(&self) -> Space {
        Space::uniform_box(f32::NEG_INFINITY, f32::INFINITY, if self.task.show_goal { 4 } else { 2 })
    }

    fn action_space(&self) -> Space {
        let limit = self.task.action_limit as f32;
        Space::uniform_box(-limit, limit, 2)
    }

    fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
        self.position = [0.0; 2];
        self.observe(observation);
    }

    fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
        let PointTask { goal, rewards, goal_radius, tolerance, action_limit, action_scale, .. } = self.task;
        for (number, push) in self.position.iter_mut().zip(action.numbers()) {
            *number += action_scale * f64::from(*push).clamp(-action_limit, action_limit);
        }
        self.observe(observation);
        let [x, y] = [self.position[0] - goal[0], self.position[1] - goal[1]];
        let distance = (x * x + y * y).sqrt();
        let reward = match rewards {
            Rewards::Dense => -distance,
            Rewards::Sparse if distance <= goal_radius => 1.0 - distance,
            Rewards::Sparse => 0.0,
        };
        Step { reward, terminated: x.abs() < tolerance && y.abs() < tolerance, truncated: false }
    }

    fn picture(&self) -> Option<Picture> {
        let PointTask { goal: [goal_x, goal_y], rewards, goal_radius, .. } = self.task;
        let [x, y] = self.position;
        let furthest = [goal_x, goal_y, x, y].into_iter().fold(0.5, |most: f64, number| most.max(number.abs()));
        let edge = 1.2 * furthest;
        let mut scene = Scene::new((-edge, edge), (-edge, edge))
            .line(vec![(-edge, 0.0), (edge, 0.0)], 0.0, Colour::LIGHT)
            .line(vec![(0.0, -edge), (0.0, edge)], 0.0, Colour::LIGHT);
        if rewards == Rewards::Sparse {
            scene = scene.ring((goal_x, goal_y), goal_radius, Colour::GREEN);
        }
        let scene = scene.disc((goal_x, goal_y), 0.04 * edge, Colour::GREEN).disc((x, y), 0.04 * edge, Colour::BLUE);
        Some(scene.into())
    }
}

/// Points on a plane: `PointRobot-v0`.
///
/// # Description
/// A point starts in the middle of a plane and is to go to a goal, which is the task. Where the goal is must be found
/// out from the rewards.
///
/// # Action space
/// `Box(-action_limit, action_limit, [2])`: the way to go, divided by `action_scale`.
///
/// # Observation space
/// `Box([2])`: where the point is; without bounds. With `show_goal` it is `Box([4])`: where the goal is, too.
///
/// # Rewards
/// With `rewards=dense`, minus the distance from the goal after the step. With `rewards=sparse`, one minus the distance
/// within `goal_radius`, and 0 further away.
///
/// # Starting state
/// (0, 0).
///
/// # Episode end
/// Terminated when both coordinates are nearer than `tolerance`, 0.01, to the goal's; truncated after
/// `max_episode_steps`, 100.
///
/// # Arguments
/// The fields below. Goals are drawn from a rectangle, ±0.5 in both directions. The point of garage is
/// `goal_x=-2..2,goal_y=-2..2`, but for its bonus, its walls, and that it shows the distance.
///
/// # Differences from the source
/// The source is the environment of Finn et al. 2017 (arXiv 1703.03400) as in pytorch-maml-rl, which adds in `f32`; here
/// it is `f64`. An action that is out of bounds is clipped, as there; a [`Lifetime`](crate::Lifetime) refuses it.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PointRobots {
    /// First coordinate of the goal.
    pub goal_x: Span,
    /// Second coordinate of the goal.
    pub goal_y: Span,
    /// `dense` or `sparse`.
    pub rewards: Rewards,
    /// With sparse rewards, the goal's radius.
    pub goal_radius: Span,
    /// The episode terminates when both coordinates are nearer to the goal's than this; never if 0.
    pub tolerance: f64,
    /// Either number of an action is between plus and minus this.
    pub action_limit: f64,
    /// How far an action of 1 moves the point.
    pub action_scale: Span,
    /// Whether observations show the goal.
    pub show_goal: bool,
    /// An episode is truncated after so many steps.
    pub max_episode_steps: u64,
}

impl Default for PointRobots {
    fn default() -> Self {
        PointRobots {
            goal_x: Span::between(-0.5, 0.5),
            goal_y: Span::between(-0.5, 0.5),
            rewards: Rewards::Dense,
            goal_radius: Span::single(0.2),
            tolerance: 0.01,
            action_limit: 0.1,
            action_scale: Span::single(1.0),
            show_goal: false,
            max_episode_steps: 100,
        }
    }
}

impl PointRobots {
    fn task(&self, mut choose: impl FnMut(&Span) -> f64) -> PointTask {
        PointTask {
            goal: [choose(&self.goal_x), choose(&self.goal_y)],
            rewards: self.rewards,
            goal_radius: choose(&self.goal_radius),
            tolerance: self.tolerance,
            action_limit: self.action_limit,
            action_scale: choose(&self.action_scale),
            show_goal: self.show_goal,
        }
    }
}

impl TaskDistribution for PointRobots {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        match PointRobot::new(self.task(|span| span.sample(rng))) {
            Ok(point) => Box::new(TimeLimit::new(point, self.max_episode_steps)),
            Err(error) => panic!("{error}; Family::check would have said so"),
        }
    }
}

impl Family for PointRobots {
    fn check(&self) -> Result<(), String> {
        self.task(Span::low).check().map_err(|error| error.to_string())?;
        if self.rewards == Rewards::Dense {
            unread("goal_radius", &self.goal_radius, &PointRobots::default().goal_radius, "rewards=sparse")?;
        }
        some_steps(self.max_episode_steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    fn point(goal: [f64; 2], family: &PointRobots) -> PointRobot {
        PointRobot::new(PointTask { goal, ..family.task(Span::low) }).unwrap()
    }

    /// The rewards of an episode of going straight to the goal.
    fn straight(mut point: PointRobot) -> Vec<f64> {
        let mut rng = stream(0, "point", &[]);
        point.reset(&mut rng, &mut [0.0; 2]);
        let mut rewards = Vec::new();
        for _ in 0..100 {
            let PointTask { goal, action_limit, action_scale, .. } = point.task();
            let at = point.position();
            let push = |i: usize| ((goal[i] - at[i]) / action_scale).clamp(-action_limit, action_limit) as f32;
            let step = point.step(Action::Continuous(&[push(0), push(1)]), &mut rng, &mut [0.0; 2]);
            rewards.push(step.reward);
            if step.terminated {
                break;
            }
        }
        rewards
    }

    #[test]
    fn the_way_to_the_goal_costs_its_distances() {
        let rewards = straight(point([0.3, -0.4], &PointRobots::default()));
        let rest = |x: f64, y: f64| -(x * x + y * y).sqrt();
        let expected = [rest(0.2, 0.3), rest(0.1, 0.2), rest(0.0, 0.1), 0.0];
        assert_eq!(rewards.len(), 4, "the goal ends the episode");
        assert!(rewards.iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 1e-7), "{rewards:?}");
    }

    #[test]
    fn sparse_rewards_are_given_within_the_radius() {
        let family = PointRobots { rewards: Rewards::Sparse, tolerance: 0.0, ..PointRobots::default() };
        let rewards = straight(point([0.35, 0.0], &family));
        assert_eq!((rewards.len(), rewards[0]), (100, 0.0), "0.25 away");
        assert!((rewards[1] - 0.85).abs() < 1e-7 && (rewards[2] - 0.95).abs() < 1e-7 && rewards[3] > 0.999_999);
    }

    #[test]
    fn goals_fill_their_square_and_do_not_show() {
        let family = PointRobots::default();
        let mut rng = stream(0, "point", &[1]);
        let goals: Vec<[f64; 2]> = (0..4000).map(|_| family.task(|span| span.sample(&mut rng)).goal).collect();
        for i in 0..2 {
            let mean = goals.iter().map(|goal| goal[i]).sum::<f64>() / 4000.0;
            let square = goals.iter().map(|goal| goal[i] * goal[i]).sum::<f64>() / 4000.0;
            // Standard errors: 0.0046 and 0.0012.
            assert!(mean.abs() < 0.02 && (square - 1.0 / 12.0).abs() < 0.005, "{mean} {square}");
        }
        let seen = |goal| {
            let mut observation = [f32::NAN; 2];
            let mut point = point(goal, &family);
            point.step(Action::Continuous(&[0.05, -1.0]), &mut stream(0, "point", &[2]), &mut observation);
            observation
        };
        assert_eq!(seen([0.5, 0.5]), seen([-0.5, 0.1]));
        assert_eq!(seen([0.5, 0.5]), [0.05, -0.1], "clipped");
        let mut shown = [0.0; 4];
        let mut open = point([0.25, -0.5], &PointRobots { show_goal: true, ..family });
        open.reset(&mut rng, &mut shown);
        assert_eq!(shown, [0.0, 0.0, 0.25, -0.5]);
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let refuse = |family: PointRobots| family.check().unwrap_err();
        let default = PointRobots::default;
        assert!(refuse(PointRobots { action_limit: 0.0, ..default() }).contains("`action_limit` is 0"));
        assert!(refuse(PointRobots { action_scale: Span::between(-1.0, 1.0), ..default() }).contains("action_scale"));
        assert!(refuse(PointRobots { tolerance: f64::NAN, ..default() }).contains("`tolerance` is NaN"));
        assert!(refuse(PointRobots { max_episode_steps: 0, ..default() }).contains("max_episode_steps"));
    }
}
