//! Simple tag: several slow chasers after one fast runner.
//!
//! The runner outruns each of its chasers, so they catch it together or not at all; and there is something on both sides to
//! get better at what the other side gets better at. The chasers are paid for every catch, whoever made it. The
//! predator-prey task of Lowe et al. 2017.

use super::particles::{
    Agent, Obstacle, PUSHES, World, check_count, check_steps, next_nearest, somewhere, way, write_nearest,
};
use super::wrappers::TimeLimit;
use super::{Observations, TeamDistribution, TeamEnvironment, TeamFamily};
use crate::picture::{Colour, Picture};
use crate::{Action, Rng, Space, Step};
use serde::{Deserialize, Serialize};

/// The radius of an obstacle.
const OBSTACLE_RADIUS: f64 = 0.2;
/// Obstacles are put where both coordinates are between plus and minus this.
const OBSTACLES_WITHIN: f64 = 0.9;
/// What a catch pays to each chaser, and costs the runner.
const CATCH: f64 = 10.0;

/// Chasers, a runner, and what is in their way. Its page of the manual is that of [`SimpleTags`].
#[derive(Clone, Debug, PartialEq)]
pub struct SimpleTag {
    /// The agents are the chasers and, after them, the runner.
    world: World,
}

impl SimpleTag {
    /// The agents and obstacles, with where they are; the last of the agents is the runner.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The number of the runner, and how many chasers there are.
    fn runner(&self) -> usize {
        self.world.agents().len() - 1
    }

    /// How many chasers touch the runner.
    fn catches(&self) -> usize {
        let (chasers, runner) = self.world.agents().split_at(self.runner());
        chasers.iter().filter(|chaser| runner.iter().any(|runner| runner.touches(chaser))).count()
    }

    fn observe(&self, observations: &mut Observations) {
        let (agents, runner) = (self.world.agents(), self.runner());
        let chasers = &agents[..runner];
        for (number, (observation, agent)) in observations.iter_mut().zip(agents).enumerate() {
            observation.fill(0.0);
            let mut write = |place: usize, numbers: [f64; 2]| {
                observation[place..place + 2].copy_from_slice(&numbers.map(|number| number as f32));
            };
            write(0, agent.velocity);
            write(2, agent.position);
            let opponent = if number < runner {
                Some(runner)
            } else {
                let positions = chasers.iter().map(|chaser| chaser.position);
                next_nearest(agent.position, positions, None).map(|(_, chaser)| chaser)
            };
            if let Some(opponent) = opponent {
                write(6, way(agent.position, agents[opponent].position));
                write(8, agents[opponent].velocity);
            }
            let obstacles = self.world.obstacles().iter().map(|obstacle| obstacle.position);
            write_nearest(agent.position, obstacles, &mut observation[4..6]);
            if number < runner {
                let fellows = chasers.iter().enumerate().filter(|(fellow, _)| *fellow != number);
                write_nearest(agent.position, fellows.map(|(_, fellow)| fellow.position), &mut observation[10..12]);
            }
        }
    }
}

/// What the runner pays for a coordinate that is so far from 0.
fn bounds_penalty(far: f64) -> f64 {
    match far {
        far if far < 0.9 => 0.0,
        far if far < 1.0 => (far - 0.9) * 10.0,
        far => libm::exp(2.0 * far - 2.0).min(10.0),
    }
}

impl TeamEnvironment for SimpleTag {
    fn agents(&self) -> Vec<String> {
        (0..self.runner()).map(|chaser| format!("chaser_{chaser}")).chain(["runner".into()]).collect()
    }

    fn observation_space(&self, _: usize) -> Space {
        Space::uniform_box(f32::NEG_INFINITY, f32::INFINITY, 12)
    }

    fn action_space(&self, _: usize) -> Space {
        Space::discrete(PUSHES.len())
    }

    fn reset(&mut self, rng: &mut Rng, observations: &mut Observations) {
        self.world.agents_mut().iter_mut().for_each(|agent| agent.begin(1.0, rng));
        for obstacle in self.world.obstacles_mut() {
            obstacle.position = somewhere(OBSTACLES_WITHIN, rng);
        }
        self.observe(observations);
    }

    fn step(
        &mut self,
        actions: &[Option<Action<'_>>],
        _: &mut Rng,
        observations: &mut Observations,
        steps: &mut [Step],
    ) {
        self.world.step(actions);
        let caught = CATCH * self.catches() as f64;
        steps.fill(Step::going_on(caught));
        let runner = self.runner();
        let penalty: f64 = self.world.agents()[runner].position.iter().map(|far| bounds_penalty(far.abs())).sum();
        steps[runner] = Step::going_on(-caught - penalty);
        self.observe(observations);
    }

    fn picture(&self) -> Option<Picture> {
        let mut scene = self.world.scene(&[]);
        for (number, agent) in self.world.agents().iter().enumerate() {
            let colour = if number < self.runner() { Colour::RED } else { Colour::GREEN };
            scene = scene.disc((agent.position[0], agent.position[1]), agent.radius, colour);
        }
        let caption = match self.catches() {
            0 => "nobody has the runner".into(),
            1 => "a chaser has the runner".into(),
            many => format!("{many} chasers have the runner"),
        };
        Some(Picture::from(scene).with_caption(caption))
    }
}

/// Chasers and a runner: `SimpleTag-v0`.
///
/// # Description
/// Agents are discs on a plane: three chasers, of radius 0.075, that are pushed with a force of 3 and go at a speed of 1.0 at
/// most, and a runner, of radius 0.05, with a force of 4 and a speed of at most 1.3. Two obstacles of radius 0.2 are in the
/// way. How all of them move and push each other is told with [`particles`](super::particles).
///
/// # Action space
/// `Discrete(5)`: nothing, left, right, down, up.
///
/// # Observation space
/// `Box([12])`, without bounds, the same for all:
///
/// | numbers | what |
/// |---|---|
/// | 0, 1 | one's own velocity |
/// | 2, 3 | where one is |
/// | 4, 5 | the way to the nearest obstacle |
/// | 6, 7 | for a chaser, the way to the runner; for the runner, that to the nearest chaser |
/// | 8, 9 | the velocity of whoever that is |
/// | 10, 11 | for a chaser, the way to the nearest other chaser; for the runner, zeros |
///
/// Ways are to the centres, and zeros where there is no such thing.
///
/// # Rewards
/// Each chaser gets 10 for every chaser that touches the runner after the step. The runner pays 10 for each, and for leaving
/// the square: for each coordinate, if x is its magnitude, nothing below 0.9, (x - 0.9) · 10 below 1.0, and min(exp(2x - 2), 10)
/// from there.
///
/// # Starting state
/// All agents anywhere with coordinates from -1 to 1, at rest, and obstacles with coordinates from -0.9 to 0.9, also where
/// something else is. All is drawn anew in each episode: tasks do not differ.
///
/// # Episode end
/// Truncated after `max_episode_steps`, 25. Lifetimes are 100 steps long by default.
///
/// # Arguments
/// The fields below.
///
/// # Differences from the source
/// The source is *simple tag* of Lowe et al. 2017 (arXiv 1706.02275), with the numbers that it has in PettingZoo and MPE2,
/// where chasers are called adversaries and the runner agent. There, everybody sees all obstacles, all others and the
/// runner's velocity; here they see the nearest of each, so that an observation has as many numbers in a large team as in a
/// small one, and the runner sees a chaser's velocity. There is always one runner. Agents move after their velocity has
/// changed, as in the code that came with the paper; MPE2 moves them before. Two discs at the very same place do not push each
/// other, where the source divides by zero.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimpleTags {
    /// How many chasers there are.
    pub chasers: usize,
    /// How many obstacles there are.
    pub obstacles: usize,
    /// An episode is truncated after so many steps.
    pub max_episode_steps: u64,
}

impl Default for SimpleTags {
    fn default() -> Self {
        SimpleTags { chasers: 3, obstacles: 2, max_episode_steps: 25 }
    }
}

impl SimpleTags {
    /// Chasers and a runner, without their limit of steps.
    ///
    /// # Errors
    /// What is wrong with the parameters ([`TeamFamily::check`]).
    pub fn team(&self) -> Result<SimpleTag, String> {
        self.check()?;
        let mut agents = vec![Agent::new(0.075, 3.0, 1.0); self.chasers];
        agents.push(Agent::new(0.05, 4.0, 1.3));
        let obstacles = vec![Obstacle { radius: OBSTACLE_RADIUS, position: [0.0; 2] }; self.obstacles];
        Ok(SimpleTag { world: World::new(agents, obstacles) })
    }
}

impl TeamDistribution for SimpleTags {
    fn sample(&self, _: &mut Rng) -> Box<dyn TeamEnvironment> {
        match self.team() {
            Ok(team) => Box::new(TimeLimit::new(Box::new(team), self.max_episode_steps)),
            Err(reason) => panic!("{reason}"),
        }
    }
}

impl TeamFamily for SimpleTags {
    fn check(&self) -> Result<(), String> {
        check_count("chasers", self.chasers, 1)?;
        check_count("obstacles", self.obstacles, 0)?;
        check_steps(self.max_episode_steps)
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::check_team_distribution;
    use super::super::observation_buffers;
    use super::super::particles::{play, truncated_after};
    use super::*;
    use crate::stream;
    use rand::RngExt;

    /// What three chasers and a runner see and get in a step without pushes, from these places and velocities.
    fn coast(
        places: [[f64; 2]; 4],
        velocities: [[f64; 2]; 4],
        obstacles: [[f64; 2]; 2],
    ) -> (Box<Observations>, [f64; 4]) {
        let mut team = SimpleTags::default().team().unwrap();
        let mut seen = observation_buffers(&team);
        let mut rng = stream(0, "tag", &[]);
        team.reset(&mut rng, &mut seen);
        for (agent, (position, velocity)) in team.world.agents_mut().iter_mut().zip(places.into_iter().zip(velocities))
        {
            (agent.position, agent.velocity) = (position, velocity);
        }
        for (obstacle, position) in team.world.obstacles_mut().iter_mut().zip(obstacles) {
            obstacle.position = position;
        }
        let mut steps = [Step::going_on(0.0); 4];
        team.step(&[Some(Action::Discrete(0)); 4], &mut rng, &mut seen, &mut steps);
        (seen, steps.map(|step| step.reward))
    }

    #[test]
    fn all_chasers_are_paid_for_each_catch_and_the_runner_pays() {
        let obstacles = [[3.0, 3.0], [-3.0, 3.0]];
        let rewards = |left: f64| {
            let places = [[0.18, 0.0], [left, 0.0], [0.0, 0.5], [0.0, 0.0]];
            coast(places, [[-1.0, 0.0], [1.0, 0.0], [0.0, 0.0], [0.0, 0.0]], obstacles).1
        };
        // They come nearer by 0.075; within 0.125 they touch the runner.
        assert_eq!(rewards(-0.18), [20.0, 20.0, 20.0, -20.0]);
        assert_eq!(rewards(-0.25), [10.0, 10.0, 10.0, -10.0]);
        let apart = [[0.5, 0.0], [-0.5, 0.0], [0.0, 0.5], [0.0, 0.0]];
        assert_eq!(coast(apart, [[0.0; 2]; 4], obstacles).1, [0.0; 4]);
    }

    #[test]
    fn the_runner_pays_for_leaving_the_square() {
        let paid = |x: f64, y: f64| {
            let (_, rewards) =
                coast([[5.0, 0.0], [6.0, 0.0], [7.0, 0.0], [x, y]], [[0.0; 2]; 4], [[-3.0, 3.0], [-3.0, -3.0]]);
            assert_eq!(rewards[..3], [0.0; 3]);
            -rewards[3]
        };
        let near = |one: f64, other: f64| (one - other).abs() < 1e-12;
        assert!(near(paid(0.89, -0.89), 0.0) && near(paid(0.95, 0.0), 0.5) && near(paid(0.0, -0.95), 0.5));
        assert!(near(paid(-1.0, 0.0), 1.0) && near(paid(1.5, 0.96), std::f64::consts::E + 0.6));
        assert!(near(paid(0.0, 2.5), 10.0), "exp(3) is more than 10");
    }

    #[test]
    fn each_sees_what_concerns_it() {
        let places = [[1.0, 0.0], [0.0, 0.5], [-2.0, 0.0], [0.0, 0.0]];
        let (seen, _) = coast(places, [[0.0; 2]; 4], [[1.0, 1.0], [-1.0, 0.0]]);
        assert_eq!(*seen[0], [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, -1.0, 0.0, 0.0, 0.0, -1.0, 0.5]);
        assert_eq!(seen[2][4..], [1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0, 0.5]);
        assert_eq!(*seen[3], [0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0]);
        let mut alone = SimpleTags { chasers: 1, obstacles: 0, ..SimpleTags::default() }.team().unwrap();
        let (mut seen, mut rng) = (observation_buffers(&alone), stream(0, "tag", &[1]));
        alone.reset(&mut rng, &mut seen);
        assert_eq!((&seen[0][4..6], &seen[0][10..]), ([0.0; 2].as_slice(), [0.0; 2].as_slice()));
        let mut steps = [Step::going_on(0.0); 2];
        alone.step(&[Some(Action::Discrete(1)), Some(Action::Discrete(4))], &mut rng, &mut seen, &mut steps);
        assert_eq!((&seen[0][8..10], &seen[1][8..10]), ([0.0, 0.4].as_slice(), [-0.3, 0.0].as_slice()));
    }

    /// The push along the longer side of the way.
    fn towards(x: f32, y: f32) -> usize {
        if x.abs() > y.abs() { 1 + usize::from(x > 0.0) } else { 3 + usize::from(y > 0.0) }
    }

    /// Away from the nearest chaser, and back into the square from its edge.
    fn flee(seen: &[f32]) -> usize {
        match seen {
            [_, _, x, y, ..] if x.abs().max(y.abs()) > 0.8 => towards(-x, -y),
            _ => towards(-seen[6], -seen[7]),
        }
    }

    #[test]
    fn who_runs_at_the_runner_catches_it_more_often() {
        let mut rng = stream(0, "tag", &[2]);
        let mut player = stream(0, "tag", &[3]);
        let mut team = SimpleTags::default().team().unwrap();
        let mut mean = |chase: bool, run: bool| {
            let mut sums = [0.0; 2];
            for _ in 0..200 {
                let returns = play(&mut team, 25, &mut rng, |_, seen, agent| match agent {
                    3 if run => flee(seen),
                    0..3 if chase => towards(seen[6], seen[7]),
                    _ => player.random_range(0..5u64) as usize,
                });
                sums[0] += returns[0] / 200.0;
                sums[1] += returns[3] / 200.0;
            }
            sums
        };
        let [random, chased, both] = [mean(false, false), mean(true, false), mean(true, true)];
        let all = format!("{random:?} at random, {chased:?} chased, {both:?} chased and fleeing");
        assert!(chased[0] > 10.0 * random[0] && chased[1] < random[1], "{all}");
        assert!(both[0] < 0.7 * chased[0] && both[1] > 0.5 * chased[1], "{all}");
    }

    #[test]
    fn episodes_are_as_long_as_they_should_be() {
        assert_eq!(truncated_after(&SimpleTags::default()), Some(25));
        assert_eq!(truncated_after(&SimpleTags { max_episode_steps: 7, ..SimpleTags::default() }), Some(7));
    }

    #[test]
    fn nothing_is_wrong_with_it() {
        check_team_distribution(SimpleTags::default()).assert_clean();
        check_team_distribution(SimpleTags { chasers: 1, obstacles: 0, ..SimpleTags::default() }).assert_clean();
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let default = SimpleTags::default;
        for (family, complaint) in [
            (SimpleTags { chasers: 0, ..default() }, "`chasers` is 0"),
            (SimpleTags { obstacles: 1001, ..default() }, "`obstacles` is 1001"),
            (SimpleTags { max_episode_steps: 0, ..default() }, "`max_episode_steps` is 0"),
        ] {
            let error = family.check().unwrap_err();
            assert!(error.contains(complaint), "{error}");
        }
    }
}
