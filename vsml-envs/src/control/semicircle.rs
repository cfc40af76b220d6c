//! A point whose goal lies somewhere on a half circle, and that is paid only near it.
//!
//! The point is that of [`point_robot`](super::point_robot). To go straight for a goal that it does not know would be
//! guessing, so a good learner walks along the half circle until it is paid and goes straight there from then on: a task
//! where exploring well, within a lifetime, is all there is to learn (Rakelly et al. 2019; Zintgraf et al. 2020; Dorfman
//! et al. 2021).

use super::physics::{not_negative, positive, some_steps};
use super::point_robot::{PointRobot, PointTask, Rewards};
use super::trigonometry::sin_cos;
use crate::registry::{Family, unread};
use crate::wrappers::{Span, TimeLimit};
use crate::{Environment, Rng, TaskDistribution};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Points whose goals lie on an arc: `Semicircle-v0`.
///
/// # Description
/// A point starts in the middle of a half circle and is to go to a goal on it, which is the task. It is paid only where
/// it is near the goal, so it has to look for it first.
///
/// # Action space
/// `Box(-1, 1, [2])`: the way to go, divided by `action_scale`.
///
/// # Observation space
/// `Box([2])`: where the point is; without bounds. With `show_goal` it is `Box([4])`: where the goal is, too.
///
/// # Rewards
/// With `rewards=sparse`, one minus the distance from the goal after the step where that is at most `goal_radius`, and 0
/// further away. With `rewards=dense`, minus the distance.
///
/// # Starting state
/// (0, 0).
///
/// # Episode end
/// Never terminated; truncated after `max_episode_steps`, 100.
///
/// # Arguments
/// The fields below. The goal lies `radius` away from the start, in the direction `angle`: two spans that can be cut into
/// bands for training and testing. To train on the upper half circle and test on the lower one, set
/// `angle=-3.141592653589793..0` in testing; for goals further out than any in training, `radius=1.5..2`.
///
/// # Differences from the source
/// The source is `SparsePointEnv` of VariBAD (Zintgraf et al. 2020, arXiv 1910.08348), whose step and radius these are;
/// the numbers here are `f64`. A range of radii is drawn from uniformly, as in the goal bands of its other point, which
/// leaves goals denser near the start than further out.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Semicircles {
    /// Direction of the goal from the start, rad, against the clock from the right.
    pub angle: Span,
    /// Distance of the goal from the start.
    pub radius: Span,
    /// `dense` or `sparse`.
    pub rewards: Rewards,
    /// How near to the goal the point is paid.
    pub goal_radius: Span,
    /// How far an action of 1 moves the point.
    pub action_scale: Span,
    /// Whether observations show the goal.
    pub show_goal: bool,
    /// An episode is truncated after so many steps.
    pub max_episode_steps: u64,
}

impl Default for Semicircles {
    fn default() -> Self {
        Semicircles {
            angle: Span::between(0.0, PI),
            radius: Span::single(1.0),
            rewards: Rewards::Sparse,
            goal_radius: Span::single(0.2),
            action_scale: Span::single(0.1),
            show_goal: false,
            max_episode_steps: 100,
        }
    }
}

impl Semicircles {
    fn sample_task(&self, rng: &mut Rng) -> PointTask {
        let ((sin, cos), radius) = (sin_cos(self.angle.sample(rng)), self.radius.sample(rng));
        PointTask {
            goal: [radius * cos, radius * sin],
            rewards: self.rewards,
            goal_radius: self.goal_radius.sample(rng),
            tolerance: 0.0,
            action_limit: 1.0,
            action_scale: self.action_scale.sample(rng),
            show_goal: self.show_goal,
        }
    }
}

impl TaskDistribution for Semicircles {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        match PointRobot::new(self.sample_task(rng)) {
            Ok(point) => Box::new(TimeLimit::new(point, self.max_episode_steps)),
            Err(error) => panic!("{error}; Family::check would have said so"),
        }
    }
}

impl Family for Semicircles {
    fn check(&self) -> Result<(), String> {
        not_negative([("radius", self.radius.low()), ("goal_radius", self.goal_radius.low())])
            .and_then(|()| positive([("action_scale", self.action_scale.low())]))
            .map_err(|error| error.to_string())?;
        if self.rewards == Rewards::Dense {
            unread("goal_radius", &self.goal_radius, &Semicircles::default().goal_radius, "rewards=sparse")?;
        }
        some_steps(self.max_episode_steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, stream};

    fn goals(family: &Semicircles, count: usize) -> Vec<[f64; 2]> {
        family.check().unwrap();
        let mut rng = stream(0, "semicircle", &[]);
        (0..count).map(|_| family.sample_task(&mut rng).goal).collect()
    }

    #[test]
    fn goals_lie_on_the_half_circle() {
        let goals = goals(&Semicircles::default(), 4000);
        assert!(goals.iter().all(|[x, y]| (x * x + y * y - 1.0).abs() < 1e-12 && *y >= 0.0));
        let mean = |i: usize| goals.iter().map(|goal| goal[i]).sum::<f64>() / 4000.0;
        // The mean height of a half circle is 2/π. Standard errors: 0.011 and 0.005.
        assert!(mean(0).abs() < 0.05 && (mean(1) - 2.0 / PI).abs() < 0.02, "{} {}", mean(0), mean(1));
    }

    #[test]
    fn bands_can_be_held_back_for_testing() {
        let lower = Semicircles { angle: Span::between(-PI, 0.0), ..Semicircles::default() };
        assert!(goals(&lower, 100).iter().all(|[_, y]| *y <= 0.0));
        let far = Semicircles { radius: Span::between(1.5, 2.0), ..Semicircles::default() };
        assert!(goals(&far, 100).iter().all(|[x, y]| (1.5..2.001).contains(&(x * x + y * y).sqrt())));
    }

    #[test]
    fn who_walks_along_the_half_circle_finds_the_goal() {
        let mut rng = stream(0, "semicircle", &[1]);
        for _ in 0..100 {
            let mut point = PointRobot::new(Semicircles::default().sample_task(&mut rng)).unwrap();
            let mut walk = |step: usize| {
                let to = sin_cos(PI * (step as f64 - 10.0).max(0.0) / 40.0);
                let [x, y] = point.position();
                let push = [(10.0 * (to.1 - x)) as f32, (10.0 * (to.0 - y)) as f32];
                point.step(Action::Continuous(&push), &mut rng, &mut [0.0; 2]).reward
            };
            let rewards: Vec<f64> = (0..=50).map(&mut walk).collect();
            assert_eq!(rewards[0], 0.0);
            assert!(rewards.iter().any(|reward| *reward > 0.8), "{rewards:?}");
        }
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let refuse = |family: Semicircles| family.check().unwrap_err();
        let default = Semicircles::default;
        assert!(refuse(Semicircles { radius: Span::between(-1.0, 1.0), ..default() }).contains("`radius` is -1"));
        assert!(refuse(Semicircles { action_scale: Span::single(0.0), ..default() }).contains("`action_scale` is 0"));
        assert!(refuse(Semicircles { max_episode_steps: 0, ..default() }).contains("max_episode_steps"));
    }
}
