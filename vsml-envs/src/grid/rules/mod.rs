//! A small world of hidden rules, after XLand-MiniGrid (Nikulin et al. 2023, arXiv 2312.12044).
//!
//! Objects turn into others when the agent picks them up, comes near or lays them side by side, by rules that belong to
//! the task and are shown to nobody. What is wanted is hidden too. A learner finds out in the first trials and uses it
//! in the later ones, in which the same objects lie elsewhere. How a task is drawn is in `task.rs`, what happens in one
//! in `world.rs`.

mod task;
mod world;

pub use task::{Condition, Rule, RuleTask};
pub use world::RuleWorld;

use super::{Board, MAX_SIDE, View};
use crate::registry::Family;
use crate::wrappers::{Span, TimeLimit};
use crate::{Environment, Rng, TaskDistribution};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use task::Extent;
use world::{COLOURS, MARKS};

/// Worlds of hidden rules: `RuleWorld-v1`.
///
/// # Description
/// On a square board lie objects, each of a kind: a shape and a colour. The agent walks over them, picks one up, puts
/// it down elsewhere. *Rules* turn objects into others; the *goal* ends the trial. Both are drawn for the task and
/// hidden. An episode is a trial: in the next one the same objects lie elsewhere, while goal and rules are the same.
///
/// Rules and goals each wait for one of six conditions ([`Condition`]), each equally likely:
/// - *AgentHold(a)*: the agent carries `a`.
/// - *AgentNear(a)*: `a` lies on the agent's cell or one of the four next to it.
/// - *AgentOnTile(a)*: `a` lies on the agent's cell.
/// - *TileNear(a, b)*: `a` and `b` lie next to each other.
/// - *TileNearUp(a, b)*: `b` lies on the cell right above `a`.
/// - *TileNearRight(a, b)*: `b` lies on the next cell to the right of `a`.
///
/// When a rule's condition holds after a step, the objects it names vanish and its product appears where the first of
/// them was. Rules are tried once after each step, from the goal backwards, so that a product serves no earlier than in
/// the next step. Then comes the goal.
///
/// A task is built backwards from the goal, as a tree of `rules` productions one under the other; so it can be solved
/// whatever has been done. `distractor_rules` have inputs of their own and make what is of no use; `distractors` are
/// objects about which there is no rule.
///
/// # Action space
/// `Discrete(6)`: up, right, down, left ([`Move`](super::Move)), pick up, put down. One object can be carried; it can
/// be put down where nothing lies.
///
/// # Observation space
/// `Box` of one dimension: the planes of [`Sight`](super::Sight) for shapes and then colours, flat, and after them
/// which shape and which colour is carried, one-hot or all 0. By default 9 planes of 5 by 5 (walls, four shapes, four
/// colours) and 8 numbers. Views without planes show nothing of the objects that lie on the board.
///
/// # Rewards
/// `1 - 0.9 * steps / max_episode_steps` in the step that reaches the goal, otherwise 0.
///
/// # Starting state
/// Agent and objects on random free cells, one on each, so that neither the goal nor the condition of a rule holds already (if
/// the board has such places: they are looked for a hundred times); nothing is carried.
///
/// # Episode end
/// Terminated by the goal; truncated after `max_episode_steps`, 150.
///
/// # Arguments
/// The fields below. `rules` may be a range such as `0..3`, of whose whole numbers each task draws one.
///
/// # Differences from the source
/// After the source in kind, not in numbers. Of its 15 goals there are six here and of its 12 rules five, with its
/// names; AgentOnTile as a rule is ours. Taken from it: hidden production rules, trees of productions, trials, the
/// reward, about three times as many steps as cells. Ours: the agent has no direction and walks over objects; near
/// includes its own cell; a condition is asked after every action, where the source asks it after those that can bring it about; a product lies where the first input lay; every kind exists once and has one use, so there
/// are no dead ends, which the source has; what is carried is seen. There are neither doors nor rooms, and the source's
/// sets of a million tasks are not used: tasks are drawn.
///
/// # Version history
/// v1: no trial begins solved, or with a rule about to act. v0, in which some did, is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleWorlds {
    /// Cells along a side of the board.
    pub size: usize,
    /// Number of inner walls, drawn for each task; they never separate free cells from each other.
    pub walls: usize,
    /// Number of shapes.
    pub shapes: usize,
    /// Number of colours.
    pub colours: usize,
    /// How many productions lead to the goal, one under the other.
    pub rules: Span,
    /// Number of rules that lead nowhere.
    pub distractor_rules: usize,
    /// Number of objects about which there is no rule.
    pub distractors: usize,
    /// What the learner sees.
    pub view: View,
    /// How far the egocentric view reaches, in cells.
    pub radius: usize,
    /// An episode is truncated after so many steps, and the reward falls over as many.
    pub max_episode_steps: u64,
}

impl Default for RuleWorlds {
    fn default() -> Self {
        RuleWorlds {
            size: 7,
            walls: 0,
            shapes: 4,
            colours: 4,
            rules: Span::single(2.0),
            distractor_rules: 1,
            distractors: 1,
            view: View::Egocentric,
            radius: 2,
            max_episode_steps: 150,
        }
    }
}

impl RuleWorlds {
    fn extent(&self, rules: usize) -> Extent {
        Extent {
            kinds: self.shapes * self.colours,
            rules,
            distractor_rules: self.distractor_rules,
            distractors: self.distractors,
        }
    }

    /// Draws a world.
    ///
    /// # Errors
    /// What is wrong with the parameters ([`Family::check`]).
    pub fn world(&self, rng: &mut Rng) -> Result<RuleWorld, String> {
        self.check()?;
        let rules = rng.random_range(self.rules.low() as u64..=self.rules.high() as u64) as usize;
        let task = RuleTask::draw(self.extent(rules), rng).ok_or("not enough kinds of objects")?;
        let board =
            Board::with_random_walls(self.size, self.size, self.walls, rng).map_err(|error| error.to_string())?;
        let world = RuleWorld::new(board, (self.shapes, self.colours), task, self.max_episode_steps)?;
        Ok(world.with_view(self.view, self.radius))
    }
}

impl Family for RuleWorlds {
    fn check(&self) -> Result<(), String> {
        let RuleWorlds { size, walls, shapes, colours, rules, radius, .. } = *self;
        if !(4..=MAX_SIDE).contains(&size) {
            return Err(format!("`size` is {size}: a side has 4 to {MAX_SIDE} cells"));
        }
        let cells = size * size;
        if walls > cells / 4 {
            return Err(format!("`walls` is {walls}: at most a quarter of the {cells} cells may be walls"));
        }
        if !(1..=MARKS.len()).contains(&shapes) {
            return Err(format!("`shapes` is {shapes}: there are 1 to {}", MARKS.len()));
        }
        if !(1..=COLOURS.len()).contains(&colours) {
            return Err(format!("`colours` is {colours}: there are 1 to {}", COLOURS.len()));
        }
        if rules.low().fract() != 0.0 || rules.high().fract() != 0.0 || rules.low() < 0.0 || rules.high() > 100.0 {
            return Err(format!("`rules` is {rules}: whole numbers from 0 to 100 are needed"));
        }
        let extent = self.extent(rules.high() as usize);
        if extent.most_kinds().is_none_or(|kinds| kinds > extent.kinds) {
            return Err(format!(
                "{} kinds are too few: the goal needs 2, each of `rules` 2, each of `distractor_rules` 3, each of \
                 `distractors` 1; enlarge `shapes` or `colours`",
                extent.kinds
            ));
        }
        // One cell for the agent, and one to put an object down for each that lies there.
        if extent.most_objects().is_none_or(|objects| 2 * objects + 1 > cells - walls) {
            return Err(format!("so many objects leave too little room on {} cells: enlarge `size`", cells - walls));
        }
        if self.view == View::Egocentric && !(1..=size).contains(&radius) {
            return Err(format!("`radius` is {radius}: an egocentric view reaches 1 to {size} (`size`) cells"));
        }
        if self.max_episode_steps == 0 {
            return Err("`max_episode_steps` is 0: an episode has at least one step".into());
        }
        Ok(())
    }
}

impl TaskDistribution for RuleWorlds {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        match self.world(rng) {
            Ok(world) => Box::new(TimeLimit::new(world, self.max_episode_steps)),
            Err(reason) => panic!("{reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_refused() {
        let refuse = |change: fn(&mut RuleWorlds)| {
            let mut family = RuleWorlds::default();
            change(&mut family);
            family.check().unwrap_err()
        };
        assert!(refuse(|family| family.size = 3).contains("`size` is 3"));
        assert!(refuse(|family| family.walls = 13).contains("`walls` is 13"));
        assert!(refuse(|family| family.shapes = 7).contains("`shapes` is 7"));
        assert!(refuse(|family| family.colours = 0).contains("`colours` is 0"));
        assert!(refuse(|family| family.rules = Span::between(0.5, 2.0)).contains("`rules` is 0.5..2"));
        assert!(refuse(|family| family.rules = Span::single(6.0)).contains("16 kinds are too few"));
        assert!(refuse(|family| family.distractors = usize::MAX).contains("too few"));
        assert!(refuse(|family| (family.size, family.distractors) = (4, 5)).contains("too little room on 16"));
        assert!(refuse(|family| family.radius = 0).contains("`radius`"));
        assert!(refuse(|family| family.max_episode_steps = 0).contains("`max_episode_steps`"));
    }
}
