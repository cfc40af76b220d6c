//! Simple spread: as many places as agents, and each is to be covered by somebody.
//!
//! Who goes where is all that has to be decided, but nobody decides it: agents that all run to the nearest place leave others
//! empty and bump into each other. They are paid together, so each has to make out what the others are about to do, or to find
//! a convention with them within a lifetime. It is the most used of the cooperative tasks of Lowe et al. 2017.

use super::particles::{Agent, PUSHES, World, check_count, check_steps, distance, somewhere, write_nearest};
use super::wrappers::TimeLimit;
use super::{Observations, TeamDistribution, TeamEnvironment, TeamFamily};
use crate::picture::{Colour, Picture};
use crate::{Action, Rng, Space, Step};
use serde::{Deserialize, Serialize};

/// The radius of an agent.
const RADIUS: f64 = 0.15;
/// The radius of a landmark, which is only drawn: nothing collides with it.
const LANDMARK_RADIUS: f64 = 0.05;
/// The force of a push.
const ACCELERATION: f64 = 5.0;

/// One team and its landmarks. Its page of the manual is that of [`SimpleSpreads`].
#[derive(Clone, Debug, PartialEq)]
pub struct SimpleSpread {
    world: World,
    landmarks: Vec<[f64; 2]>,
    local_ratio: f64,
    nearest: usize,
}

impl SimpleSpread {
    /// The agents, with where they are.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Where the landmarks are.
    pub fn landmarks(&self) -> &[[f64; 2]] {
        &self.landmarks
    }

    /// How far each landmark is from the agent nearest to it, in sum.
    fn uncovered(&self) -> f64 {
        let least = |landmark: &[f64; 2]| {
            let distances = self.world.agents().iter().map(|agent| distance(agent.position, *landmark));
            distances.fold(f64::INFINITY, f64::min)
        };
        self.landmarks.iter().map(least).sum()
    }

    /// How many others an agent touches.
    fn collisions(&self, agent: usize) -> usize {
        let agents = self.world.agents();
        agents.iter().enumerate().filter(|(other, partner)| *other != agent && partner.touches(&agents[agent])).count()
    }

    fn observe(&self, observations: &mut Observations) {
        let agents = self.world.agents();
        for (number, (observation, agent)) in observations.iter_mut().zip(agents).enumerate() {
            let [x, y] = agent.position.map(|coordinate| coordinate as f32);
            let [to_x, to_y] = agent.velocity.map(|speed| speed as f32);
            let (own, ways) = observation.split_at_mut(4);
            own.copy_from_slice(&[to_x, to_y, x, y]);
            let (to_landmarks, to_others) = ways.split_at_mut(2 * self.nearest);
            write_nearest(agent.position, self.landmarks.iter().copied(), to_landmarks);
            let others = agents.iter().enumerate().filter(|(other, _)| *other != number);
            write_nearest(agent.position, others.map(|(_, other)| other.position), to_others);
        }
    }
}

impl TeamEnvironment for SimpleSpread {
    fn agents(&self) -> Vec<String> {
        (0..self.world.agents().len()).map(|agent| format!("agent_{agent}")).collect()
    }

    fn observation_space(&self, _: usize) -> Space {
        Space::uniform_box(f32::NEG_INFINITY, f32::INFINITY, 4 + 4 * self.nearest)
    }

    fn action_space(&self, _: usize) -> Space {
        Space::discrete(PUSHES.len())
    }

    fn reset(&mut self, rng: &mut Rng, observations: &mut Observations) {
        self.world.agents_mut().iter_mut().for_each(|agent| agent.begin(1.0, rng));
        self.landmarks.iter_mut().for_each(|landmark| *landmark = somewhere(1.0, rng));
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
        let shared = -self.uncovered() * (1.0 - self.local_ratio);
        for (agent, step) in steps.iter_mut().enumerate() {
            *step = Step::going_on(shared - self.collisions(agent) as f64 * self.local_ratio);
        }
        self.observe(observations);
    }

    fn picture(&self) -> Option<Picture> {
        let mut scene = self.world.scene(&self.landmarks);
        for agent in self.world.agents() {
            scene = scene.disc((agent.position[0], agent.position[1]), agent.radius, Colour::BLUE);
        }
        for landmark in &self.landmarks {
            scene = scene.disc((landmark[0], landmark[1]), LANDMARK_RADIUS, Colour::GREEN);
        }
        let collisions: usize = (0..self.world.agents().len()).map(|agent| self.collisions(agent)).sum();
        let caption = format!("{:.2} from the landmarks in all, {} collisions", self.uncovered(), collisions / 2);
        Some(Picture::from(scene).with_caption(caption))
    }
}

/// Teams that are to cover places: `SimpleSpread-v0`.
///
/// # Description
/// Agents on a plane, discs of radius 0.15, and as many landmarks, which nobody can bump into. The agents are to be where the
/// landmarks are, one at each, and not to touch one another. How they move and push each other is told with
/// [`particles`](super::particles); a push has a force of 5 and there is no greatest speed, so that who is pushed the same way
/// all the time comes to a speed of 2, 0.2 in a step.
///
/// # Action space
/// `Discrete(5)`: nothing, left, right, down, up.
///
/// # Observation space
/// `Box([4 + 4 · nearest])`, without bounds: one's own velocity (2 numbers), where one is (2), the ways to the `nearest`
/// nearest landmarks (2 each), and those to the `nearest` nearest other agents (2 each), the nearest first. Zeros stand where
/// there are no more.
///
/// # Rewards
/// (1 - `local_ratio`) · (minus the distance of each landmark from the agent nearest to it, in sum), the same for all, and
/// `local_ratio` · (minus how many others one touches). So 0 is the best there is.
///
/// # Starting state
/// All agents and landmarks anywhere with coordinates from -1 to 1, the agents at rest. All is drawn anew in each episode:
/// tasks do not differ.
///
/// # Episode end
/// Truncated after `max_episode_steps`, 25. Lifetimes are 100 steps long by default.
///
/// # Arguments
/// The fields below.
///
/// # Differences from the source
/// The source is *simple spread* of Lowe et al. 2017 (arXiv 1706.02275), with the numbers that it has in PettingZoo and MPE2.
/// There, agents see all landmarks and all others, always in the same order, and two numbers for each other agent which
/// nobody ever sets. Here they see the nearest, so that an observation has as many numbers in a large team as in a small one,
/// and no agent is another's number two: what was learnt in one team can be tested in any. Agents move after their velocity
/// has changed, as in the code that came with the paper; MPE2 moves them before. Two agents at the very same place do not push
/// each other, where the source divides by zero.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimpleSpreads {
    /// How many agents there are, and how many landmarks.
    pub agents: usize,
    /// How much of the reward is for touching nobody; the rest is for covering landmarks.
    pub local_ratio: f64,
    /// How many landmarks, and how many other agents, an agent sees.
    pub nearest: usize,
    /// An episode is truncated after so many steps.
    pub max_episode_steps: u64,
}

impl Default for SimpleSpreads {
    fn default() -> Self {
        SimpleSpreads { agents: 3, local_ratio: 0.5, nearest: 2, max_episode_steps: 25 }
    }
}

impl SimpleSpreads {
    /// A team, without its limit of steps.
    ///
    /// # Errors
    /// What is wrong with the parameters ([`TeamFamily::check`]).
    pub fn team(&self) -> Result<SimpleSpread, String> {
        self.check()?;
        let agents = vec![Agent::new(RADIUS, ACCELERATION, f64::INFINITY); self.agents];
        Ok(SimpleSpread {
            world: World::new(agents, Vec::new()),
            landmarks: vec![[0.0; 2]; self.agents],
            local_ratio: self.local_ratio,
            nearest: self.nearest,
        })
    }
}

impl TeamDistribution for SimpleSpreads {
    fn sample(&self, _: &mut Rng) -> Box<dyn TeamEnvironment> {
        match self.team() {
            Ok(team) => Box::new(TimeLimit::new(Box::new(team), self.max_episode_steps)),
            Err(reason) => panic!("{reason}"),
        }
    }
}

impl TeamFamily for SimpleSpreads {
    fn check(&self) -> Result<(), String> {
        check_count("agents", self.agents, 1)?;
        check_count("nearest", self.nearest, 1)?;
        if !(0.0..=1.0).contains(&self.local_ratio) {
            return Err(format!("`local_ratio` is {}: a number from 0 to 1 is needed", self.local_ratio));
        }
        check_steps(self.max_episode_steps)
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::check_team_distribution;
    use super::super::observation_buffers;
    use super::super::particles::{play, truncated_after, way};
    use super::*;
    use crate::stream;
    use rand::RngExt;

    /// What a team of three sees and gets in a step without pushes, from these places and velocities.
    fn coast(
        agents: [[f64; 2]; 3],
        velocities: [[f64; 2]; 3],
        landmarks: [[f64; 2]; 3],
    ) -> (Box<Observations>, [f64; 3]) {
        let mut team = SimpleSpreads::default().team().unwrap();
        let mut seen = observation_buffers(&team);
        let mut rng = stream(0, "spread", &[]);
        team.reset(&mut rng, &mut seen);
        for (agent, (position, velocity)) in team.world.agents_mut().iter_mut().zip(agents.into_iter().zip(velocities))
        {
            (agent.position, agent.velocity) = (position, velocity);
        }
        team.landmarks = landmarks.to_vec();
        let mut steps = [Step::going_on(0.0); 3];
        team.step(&[Some(Action::Discrete(0)); 3], &mut rng, &mut seen, &mut steps);
        (seen, steps.map(|step| step.reward))
    }

    #[track_caller]
    fn assert_near(got: [f64; 3], expected: [f64; 3]) {
        assert!(got.iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 1e-12), "{got:?} {expected:?}");
    }

    #[test]
    fn to_stand_on_the_landmarks_is_best() {
        let places = [[0.5, 0.5], [-0.5, 0.5], [0.0, -0.5]];
        assert_eq!(coast(places, [[0.0; 2]; 3], [places[2], places[0], places[1]]).1, [0.0; 3]);
        // Of the landmarks one is covered, one is 0.5 from the first agent, and one 0.25 from the third.
        let landmarks = [[0.5, 0.5], [0.8, 0.9], [0.0, -0.75]];
        assert_near(coast(places, [[0.0; 2]; 3], landmarks).1, [-0.375; 3]);
    }

    #[test]
    fn those_who_touch_pay_for_it() {
        // Two come from 0.4 apart with 0.75 · 1.2 each, which is 0.09 in a step: 0.22 is left, and 0.3 would be enough.
        let landmarks = [[-0.11, 0.0], [0.11, 0.0], [0.0, 2.0]];
        let towards = [[1.2, 0.0], [-1.2, 0.0], [0.0, 0.0]];
        assert_near(coast([[-0.2, 0.0], [0.2, 0.0], [0.0, 2.0]], towards, landmarks).1, [-0.5, -0.5, 0.0]);
        // From 0.22 apart they are pushed out of each other.
        let places = [[-0.11, 0.0], [0.11, 0.0], [0.0, 2.0]];
        let apart = coast(places, [[0.0; 2]; 3], [[-0.19, 0.0], [0.19, 0.0], [0.0, 2.0]]).1;
        assert_near(apart, [0.0; 3]);
    }

    #[test]
    fn the_nearest_are_seen_from_where_one_is() {
        let places = [[0.0, 0.0], [1.0, 0.0], [0.0, -2.0]];
        let (seen, _) = coast(places, [[0.0; 2]; 3], [[0.0, 1.0], [0.5, 0.0], [3.0, 3.0]]);
        assert_eq!(*seen[0], [0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, -2.0]);
        assert_eq!(*seen[1], [0.0, 0.0, 1.0, 0.0, -0.5, 0.0, -1.0, 1.0, -1.0, 0.0, -1.0, -2.0]);
        let mut pair = SimpleSpreads { agents: 2, nearest: 3, ..SimpleSpreads::default() }.team().unwrap();
        let mut seen = observation_buffers(&pair);
        pair.reset(&mut stream(0, "spread", &[]), &mut seen);
        assert_eq!((seen[0].len(), &seen[0][8..10], &seen[0][12..]), (16, [0.0; 2].as_slice(), [0.0; 4].as_slice()));
        assert!(seen[0][4..8].iter().chain(&seen[0][10..12]).all(|number| *number != 0.0));
    }

    /// The order in which the agents had best take the landmarks.
    fn shared_out(team: &SimpleSpread) -> [usize; 3] {
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let cost = |order: &[usize; 3]| -> f64 {
            let agents = team.world.agents().iter();
            agents.zip(order).map(|(agent, landmark)| distance(agent.position, team.landmarks[*landmark])).sum()
        };
        orders.into_iter().min_by(|one, other| cost(one).total_cmp(&cost(other))).unwrap()
    }

    #[test]
    fn a_team_that_shares_the_landmarks_out_covers_them() {
        let mut team = SimpleSpreads::default().team().unwrap();
        let mut rng = stream(0, "spread", &[2]);
        let mut player = stream(0, "spread", &[3]);
        let (mut random, mut shared, mut left) = (0.0, 0.0, 0.0);
        for _ in 0..50 {
            random += play(&mut team, 25, &mut rng, |_, _, _| player.random_range(0..5u64) as usize)[0] / 50.0;
            shared += play(&mut team, 25, &mut rng, |team, _, agent| {
                let (body, landmark) = (team.world.agents()[agent], team.landmarks[shared_out(team)[agent]]);
                // Who is not pushed any more goes on by 0.3 of the velocity, and by 0.2 for each push.
                let rest = way([0, 1].map(|i| body.position[i] + 0.3 * body.velocity[i]), landmark);
                match rest {
                    [x, y] if x.abs().max(y.abs()) < 0.1 => 0,
                    [x, y] if x.abs() > y.abs() => 1 + usize::from(x > 0.0),
                    [_, y] => 3 + usize::from(y > 0.0),
                }
            })[0]
                / 50.0;
            left += team.uncovered() / 50.0;
        }
        assert!(shared > 0.5 * random && left < 0.4, "{random} at random, {shared} shared, {left} left");
    }

    #[test]
    fn episodes_are_as_long_as_they_should_be() {
        assert_eq!(truncated_after(&SimpleSpreads::default()), Some(25));
        assert_eq!(truncated_after(&SimpleSpreads { max_episode_steps: 7, ..SimpleSpreads::default() }), Some(7));
    }

    #[test]
    fn nothing_is_wrong_with_it() {
        check_team_distribution(SimpleSpreads::default()).assert_clean();
        check_team_distribution(SimpleSpreads { agents: 1, nearest: 1, ..SimpleSpreads::default() }).assert_clean();
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let default = SimpleSpreads::default;
        for (family, complaint) in [
            (SimpleSpreads { agents: 0, ..default() }, "`agents` is 0"),
            (SimpleSpreads { nearest: 1001, ..default() }, "`nearest` is 1001"),
            (SimpleSpreads { local_ratio: 1.5, ..default() }, "`local_ratio` is 1.5"),
            (SimpleSpreads { local_ratio: f64::NAN, ..default() }, "`local_ratio` is NaN"),
            (SimpleSpreads { max_episode_steps: 0, ..default() }, "`max_episode_steps` is 0"),
        ] {
            let error = family.check().unwrap_err();
            assert!(error.contains(complaint), "{error}");
        }
    }
}
