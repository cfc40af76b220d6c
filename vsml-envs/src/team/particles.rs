//! Round bodies that push each other on a plane: the world that several tasks for teams share.
//!
//! Lowe et al. 2017 (arXiv 1706.02275) put teams into worlds that are as plain as worlds with bodies can be: discs which are
//! pushed left, right, down or up, slow down by themselves, and push each other away where they touch. Nobody has to learn to
//! walk there; what is left to learn is where the others will be. [`World`] is that physics and nothing else: what there is
//! to see and to earn is its tasks' part, [`simple_spread`](super::simple_spread) and [`simple_tag`](super::simple_tag).
//!
//! In a step of 0.1, each agent's velocity loses a quarter, then what pushes the agent is added times 0.1 (all masses are 1),
//! then the agent is slowed down to its greatest speed, and then it moves. It is pushed by its action and by whatever it
//! touches: 100 · (overlap) along the line between the centres, where the overlap of discs that are x deep in each other is
//! taken to be 0.001 · ln(1 + exp(x / 0.001)). That is hardly more than x or 0, but smooth.

use crate::picture::{Colour, Scene};
use crate::{Action, Rng};
use rand::RngExt;

/// Time from step to step.
const TIME_STEP: f64 = 0.1;
/// The part of its velocity that an agent loses in a step.
const DAMPING: f64 = 0.25;
/// The force between discs that are 1 deep in each other.
const CONTACT_FORCE: f64 = 100.0;
/// About how far off contact is felt.
const CONTACT_MARGIN: f64 = 0.001;
/// More of anything is taken for a slip of the pen.
const MAX_COUNT: usize = 1000;

/// Which way each action pushes: not at all, left, right, down, up.
pub const PUSHES: [[f64; 2]; 5] = [[0.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]];

/// A disc that moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agent {
    /// Its radius.
    pub radius: f64,
    /// The force of its pushes, which is an acceleration too: its mass is 1.
    pub acceleration: f64,
    /// Its greatest speed; infinite if it has none.
    pub max_speed: f64,
    /// Where its centre is.
    pub position: [f64; 2],
    /// How far it would go in a time of 1.
    pub velocity: [f64; 2],
}

impl Agent {
    /// An agent at rest in the middle.
    pub fn new(radius: f64, acceleration: f64, max_speed: f64) -> Self {
        Agent { radius, acceleration, max_speed, position: [0.0; 2], velocity: [0.0; 2] }
    }

    /// Puts it to rest somewhere in the square of all points with coordinates from -`within` to `within`.
    pub fn begin(&mut self, within: f64, rng: &mut Rng) {
        self.position = somewhere(within, rng);
        self.velocity = [0.0; 2];
    }

    /// Whether it and `other` touch: their centres are nearer than their radii together.
    pub fn touches(&self, other: &Agent) -> bool {
        distance(self.position, other.position) < self.radius + other.radius
    }

    fn go(&mut self, force: [f64; 2]) {
        for (speed, force) in self.velocity.iter_mut().zip(force) {
            *speed = *speed * (1.0 - DAMPING) + force * TIME_STEP;
        }
        let speed = length(self.velocity);
        if speed > self.max_speed {
            self.velocity = self.velocity.map(|part| part / speed * self.max_speed);
        }
        for (coordinate, speed) in self.position.iter_mut().zip(self.velocity) {
            *coordinate += speed * TIME_STEP;
        }
    }
}

/// A disc that stays where it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Obstacle {
    /// Its radius.
    pub radius: f64,
    /// Where its centre is.
    pub position: [f64; 2],
}

/// Agents and obstacles on a plane without an edge.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    agents: Vec<Agent>,
    obstacles: Vec<Obstacle>,
    forces: Vec<[f64; 2]>,
}

impl World {
    /// A world with these in it.
    pub fn new(agents: Vec<Agent>, obstacles: Vec<Obstacle>) -> Self {
        World { forces: vec![[0.0; 2]; agents.len()], agents, obstacles }
    }

    /// Who moves.
    pub fn agents(&self) -> &[Agent] {
        &self.agents
    }

    /// Who moves, to be put elsewhere.
    pub fn agents_mut(&mut self) -> &mut [Agent] {
        &mut self.agents
    }

    /// What is in the way.
    pub fn obstacles(&self) -> &[Obstacle] {
        &self.obstacles
    }

    /// What is in the way, to be put elsewhere.
    pub fn obstacles_mut(&mut self) -> &mut [Obstacle] {
        &mut self.obstacles
    }

    /// Carries out the action of each agent, a number of [`PUSHES`]; who has none is not pushed.
    ///
    /// # Panics
    /// If an action is of another kind, or there is no such push.
    pub fn step(&mut self, actions: &[Option<Action<'_>>]) {
        for ((force, agent), action) in self.forces.iter_mut().zip(&self.agents).zip(actions) {
            let push = PUSHES[action.map_or(0, Action::index)];
            *force = push.map(|part| part * agent.acceleration);
        }
        for (one, agent) in self.agents.iter().enumerate() {
            for (other, partner) in self.agents.iter().enumerate().skip(one + 1) {
                let force = contact(agent.position, partner.position, agent.radius + partner.radius);
                add(&mut self.forces[one], force);
                add(&mut self.forces[other], force.map(|part| -part));
            }
            for obstacle in &self.obstacles {
                let force = contact(agent.position, obstacle.position, agent.radius + obstacle.radius);
                add(&mut self.forces[one], force);
            }
        }
        for (agent, force) in self.agents.iter_mut().zip(&self.forces) {
            agent.go(*force);
        }
    }

    /// The obstacles in the square where episodes begin, in a scene that is large enough for them, all agents and `places`.
    pub fn scene(&self, places: &[[f64; 2]]) -> Scene {
        let agents = self.agents.iter().map(|agent| agent.position);
        let obstacles = self.obstacles.iter().map(|obstacle| obstacle.position);
        let coordinates = agents.chain(obstacles).chain(places.iter().copied()).flatten();
        let edge = 0.25 + coordinates.fold(1.0, |most: f64, coordinate| most.max(coordinate.abs()));
        let square = vec![(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0)];
        let scene = Scene::new((-edge, edge), (-edge, edge)).line(square, 0.0, Colour::LIGHT);
        self.obstacles.iter().fold(scene, |scene, obstacle| {
            scene.disc((obstacle.position[0], obstacle.position[1]), obstacle.radius, Colour::GREY)
        })
    }
}

/// The force on a disc at `here` by another at `there`, if their radii together are `reach`. None if both are at the very same
/// place, since there is no direction then.
fn contact(here: [f64; 2], there: [f64; 2], reach: f64) -> [f64; 2] {
    let distance = distance(here, there);
    if distance == 0.0 {
        return [0.0; 2];
    }
    let depth = (reach - distance) / CONTACT_MARGIN;
    let overlap = CONTACT_MARGIN * (depth.max(0.0) + libm::log1p(libm::exp(-depth.abs())));
    way(there, here).map(|part| CONTACT_FORCE * part / distance * overlap)
}

fn add(sum: &mut [f64; 2], force: [f64; 2]) {
    sum.iter_mut().zip(force).for_each(|(sum, part)| *sum += part);
}

/// A place in the square of all points with coordinates from -`within` to `within`.
pub fn somewhere(within: f64, rng: &mut Rng) -> [f64; 2] {
    [0, 1].map(|_| -within + 2.0 * within * rng.random::<f64>())
}

/// The way from one place to another.
pub fn way(from: [f64; 2], to: [f64; 2]) -> [f64; 2] {
    [to[0] - from[0], to[1] - from[1]]
}

/// How far two places are apart.
pub fn distance(one: [f64; 2], other: [f64; 2]) -> f64 {
    length(way(one, other))
}

fn length([x, y]: [f64; 2]) -> f64 {
    (x * x + y * y).sqrt()
}

/// Which of `places` comes after `last` in the order of distance from `from`, of those equally far the one that is named
/// first: its distance and its number. Without `last`, the nearest.
pub fn next_nearest(
    from: [f64; 2],
    places: impl Iterator<Item = [f64; 2]>,
    last: Option<(f64, usize)>,
) -> Option<(f64, usize)> {
    places
        .enumerate()
        .map(|(number, place)| (distance(from, place), number))
        .filter(|next| last.is_none_or(|last| *next > last))
        .min_by(|(one, _), (other, _)| one.total_cmp(other))
}

/// Writes the ways from `from` to the nearest of `places`, two numbers each, the nearest first: as many as there is room for,
/// and zeros where there are no more.
pub fn write_nearest(from: [f64; 2], places: impl Iterator<Item = [f64; 2]> + Clone, shown: &mut [f32]) {
    shown.fill(0.0);
    let mut last = None;
    for pair in shown.chunks_exact_mut(2) {
        last = next_nearest(from, places.clone(), last);
        let Some(place) = last.and_then(|(_, number)| places.clone().nth(number)) else { return };
        pair.copy_from_slice(&way(from, place).map(|part| part as f32));
    }
}

/// Refuses a number of things that is too small, or too large to be meant.
pub(super) fn check_count(name: &str, count: usize, least: usize) -> Result<(), String> {
    if (least..=MAX_COUNT).contains(&count) {
        return Ok(());
    }
    Err(format!("`{name}` is {count}: a number from {least} to {MAX_COUNT} is needed"))
}

/// Refuses an episode without a step.
pub(super) fn check_steps(max_episode_steps: u64) -> Result<(), String> {
    if max_episode_steps > 0 {
        return Ok(());
    }
    Err("`max_episode_steps` is 0: an episode has at least one step".into())
}

/// Plays an episode of so many steps and gives each agent's return. `choose` is told what the agent sees and its number.
#[cfg(test)]
pub(super) fn play<T: super::TeamEnvironment>(
    team: &mut T,
    steps: usize,
    rng: &mut Rng,
    mut choose: impl FnMut(&T, &[f32], usize) -> usize,
) -> Vec<f64> {
    let mut seen = super::observation_buffers(team);
    team.reset(rng, &mut seen);
    let mut answers = vec![crate::Step::going_on(0.0); seen.len()];
    let mut returns = vec![0.0; seen.len()];
    for _ in 0..steps {
        let choices = seen.iter().enumerate().map(|(agent, seen)| Some(Action::Discrete(choose(team, seen, agent))));
        let actions: Vec<_> = choices.collect();
        team.step(&actions, rng, &mut seen, &mut answers);
        returns.iter_mut().zip(&answers).for_each(|(sum, answer)| *sum += answer.reward);
    }
    returns
}

/// After how many steps in which nobody is pushed all agents' episodes are truncated; none if not within 1000.
#[cfg(test)]
pub(super) fn truncated_after(teams: &impl super::TeamDistribution) -> Option<u64> {
    let mut rng = crate::stream(0, "particles", &[]);
    let mut team = teams.sample(&mut rng);
    let mut seen = super::observation_buffers(&*team);
    team.reset(&mut rng, &mut seen);
    let mut answers = vec![crate::Step::going_on(0.0); seen.len()];
    (1..=1000).find(|_| {
        team.step(&vec![Some(Action::Discrete(0)); seen.len()], &mut rng, &mut seen, &mut answers);
        assert!(answers.iter().all(|answer| !answer.terminated));
        answers.iter().all(|answer| answer.truncated)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, y: f64, radius: f64) -> Agent {
        Agent { position: [x, y], ..Agent::new(radius, 5.0, f64::INFINITY) }
    }

    fn push(world: &mut World, actions: &[usize]) {
        let actions: Vec<_> = actions.iter().map(|action| Some(Action::Discrete(*action))).collect();
        world.step(&actions);
    }

    #[track_caller]
    fn assert_near(got: [f64; 2], expected: [f64; 2]) {
        assert!(distance(got, expected) < 1e-12, "{got:?}, and {expected:?} was expected");
    }

    #[test]
    fn velocities_are_damped_then_pushed_then_limited_and_then_lived() {
        let free = Agent { velocity: [1.0, -2.0], ..at(0.0, 0.0, 0.1) };
        let slow = Agent { velocity: [4.0, 3.0], max_speed: 1.0, ..at(5.0, 5.0, 0.1) };
        let mut world = World::new(vec![free, slow], Vec::new());
        push(&mut world, &[1, 0]);
        // 0.75 · 1 - 0.1 · 5 = 0.25 and 0.75 · -2 = -1.5; 0.75 · (4, 3) is 3.75 long, and points to (0.8, 0.6).
        assert_near(world.agents()[0].velocity, [0.25, -1.5]);
        assert_near(world.agents()[0].position, [0.025, -0.15]);
        assert_near(world.agents()[1].velocity, [0.8, 0.6]);
        assert_near(world.agents()[1].position, [5.08, 5.06]);
        push(&mut world, &[4, 2]);
        assert_near(world.agents()[0].velocity, [0.1875, -1.125 + 0.5]);
    }

    #[test]
    fn who_overlaps_is_pushed_apart() {
        // Centres 0.2 apart along (0.6, 0.8), 0.1 deep: a force of 10, so (6, 8), and a tenth of that is the velocity.
        let mut world = World::new(vec![at(0.0, 0.0, 0.15), at(0.12, 0.16, 0.15)], Vec::new());
        push(&mut world, &[0, 0]);
        assert_near(world.agents()[0].velocity, [-0.6, -0.8]);
        assert_near(world.agents()[1].velocity, [0.6, 0.8]);
        assert_near(world.agents()[1].position, [0.18, 0.24]);
        // Who just touches feels 100 · 0.001 · ln 2.
        let mut world = World::new(vec![at(0.5, 0.0, 0.25), at(0.0, 0.0, 0.25)], Vec::new());
        assert!(!world.agents()[0].touches(&world.agents()[1]), "the edges meet, and nothing overlaps");
        push(&mut world, &[0, 0]);
        assert_near(world.agents()[0].velocity, [0.006_931_471_805_599_453, 0.0]);
        // An obstacle stays where it is: 0.225 deep at a distance of 0.05.
        let obstacle = Obstacle { radius: 0.2, position: [0.13, 0.16] };
        let mut world = World::new(vec![at(0.1, 0.2, 0.075)], vec![obstacle]);
        push(&mut world, &[0]);
        assert_near(world.agents()[0].velocity, [-1.35, 1.8]);
        assert_eq!(world.obstacles(), [obstacle]);
    }

    #[test]
    fn who_is_at_the_same_place_goes_nowhere() {
        let mut world = World::new(vec![at(0.3, 0.3, 0.15), at(0.3, 0.3, 0.15)], Vec::new());
        push(&mut world, &[0, 0]);
        assert!(world.agents().iter().all(|agent| agent.position == [0.3, 0.3]));
    }

    #[test]
    fn the_nearest_are_shown_first_and_those_equally_far_in_their_order() {
        let places = [[3.0, 0.0], [0.0, -1.0], [1.0, 0.0], [0.0, 2.0]];
        let mut shown = [f32::NAN; 10];
        write_nearest([0.0, 0.0], places.into_iter(), &mut shown);
        assert_eq!(shown, [0.0, -1.0, 1.0, 0.0, 0.0, 2.0, 3.0, 0.0, 0.0, 0.0]);
        write_nearest([1.0, 1.0], places.into_iter(), &mut shown[..4]);
        assert_eq!(shown[..4], [0.0, -1.0, -1.0, 1.0]);
        assert_eq!(next_nearest([0.0, 0.0], std::iter::empty(), None), None);
    }
}
