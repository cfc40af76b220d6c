//! A goal, the rules that lead to it, and the objects that they begin with.
//!
//! A task is built backwards. First comes the goal; then, `rules` times, one of the kinds that were added last is taken
//! off the list of what must be there, and a rule is added whose product it is and whose inputs are kinds not used so
//! far. What remains on the list is put on the board. Every kind is thus made in one way at most and used up in one way
//! at most, so that whatever an agent does brings it nearer to the goal or leaves it where it was: no task can be
//! spoilt.

use crate::Rng;
use rand::RngExt;
use rand::seq::SliceRandom;
use std::fmt;

/// What a rule waits for, or what a goal is. Numbers are kinds of objects; near is one step away, not across a corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The agent carries it.
    AgentHold(usize),
    /// It lies on the agent's cell or near it.
    AgentNear(usize),
    /// It lies on the agent's cell.
    AgentOnTile(usize),
    /// The two lie near each other.
    TileNear(usize, usize),
    /// The second lies on the cell right above the first.
    TileNearUp(usize, usize),
    /// The second lies on the next cell to the right of the first.
    TileNearRight(usize, usize),
}

impl Condition {
    /// The kinds that it speaks of.
    pub fn inputs(self) -> impl Iterator<Item = usize> + Clone {
        let (first, second) = match self {
            Condition::AgentHold(one) | Condition::AgentNear(one) | Condition::AgentOnTile(one) => (one, None),
            Condition::TileNear(one, other)
            | Condition::TileNearUp(one, other)
            | Condition::TileNearRight(one, other) => (one, Some(other)),
        };
        std::iter::once(first).chain(second)
    }

    /// Any of the six, equally likely, about the last of the kinds `unused`, which it takes. None if there are too few.
    fn draw(unused: &mut Vec<usize>, rng: &mut Rng) -> Option<Self> {
        let which = rng.random_range(0..6u32);
        let one = unused.pop()?;
        Some(match which {
            0 => Condition::AgentHold(one),
            1 => Condition::AgentNear(one),
            2 => Condition::AgentOnTile(one),
            3 => Condition::TileNear(one, unused.pop()?),
            4 => Condition::TileNearUp(one, unused.pop()?),
            _ => Condition::TileNearRight(one, unused.pop()?),
        })
    }
}

/// The letter of a kind in pictures: `a` to `z`, then `A` to `Z`.
pub(super) fn letter(kind: usize) -> char {
    match kind as u8 {
        low @ 0..26 => char::from(b'a' + low),
        high => char::from(b'A' + (high - 26) % 26),
    }
}

impl fmt::Display for Condition {
    /// `TileNear(a, f)`, with the letters that the kinds have in pictures.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Condition::AgentHold(_) => "AgentHold",
            Condition::AgentNear(_) => "AgentNear",
            Condition::AgentOnTile(_) => "AgentOnTile",
            Condition::TileNear(..) => "TileNear",
            Condition::TileNearUp(..) => "TileNearUp",
            Condition::TileNearRight(..) => "TileNearRight",
        };
        let inputs: Vec<String> = self.inputs().map(|kind| letter(kind).to_string()).collect();
        write!(f, "{name}({})", inputs.join(", "))
    }
}

/// When the condition holds, its inputs vanish and the product is there instead: in the hand for
/// [`Condition::AgentHold`], else where the first input lay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What it waits for.
    pub condition: Condition,
    /// The kind that it makes.
    pub product: usize,
}

/// What is to be done and how things work: hidden from the learner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleTask {
    /// What ends a trial.
    pub goal: Condition,
    /// How things work; tried in this order.
    pub rules: Vec<Rule>,
    /// The kinds that are on the board when a trial begins, one of each.
    pub objects: Vec<usize>,
}

/// How much there is to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub kinds: usize,
    pub rules: usize,
    pub distractor_rules: usize,
    pub distractors: usize,
}

impl Extent {
    /// Most kinds that a task may need.
    pub fn most_kinds(self) -> Option<usize> {
        let of_rules = self.rules.checked_mul(2)?;
        let of_distractor_rules = self.distractor_rules.checked_mul(3)?;
        [of_rules, of_distractor_rules, self.distractors].into_iter().try_fold(2, usize::checked_add)
    }

    /// Most objects that may be on the board.
    pub fn most_objects(self) -> Option<usize> {
        let of_distractor_rules = self.distractor_rules.checked_mul(2)?;
        [self.rules, of_distractor_rules, self.distractors].into_iter().try_fold(2, usize::checked_add)
    }
}

impl RuleTask {
    /// Draws a task; none if there are not enough kinds.
    pub(super) fn draw(extent: Extent, rng: &mut Rng) -> Option<Self> {
        let mut unused: Vec<usize> = (0..extent.kinds).collect();
        unused.shuffle(rng);
        let goal = Condition::draw(&mut unused, rng)?;
        let mut newest: Vec<usize> = goal.inputs().collect();
        let mut objects = newest.clone();
        let mut rules = Vec::new();
        for _ in 0..extent.rules {
            let product = newest[rng.random_range(0..newest.len() as u64) as usize];
            let condition = Condition::draw(&mut unused, rng)?;
            newest = condition.inputs().collect();
            objects.retain(|&kind| kind != product);
            objects.extend(condition.inputs());
            rules.push(Rule { condition, product });
        }
        for _ in 0..extent.distractor_rules {
            let condition = Condition::draw(&mut unused, rng)?;
            objects.extend(condition.inputs());
            rules.push(Rule { condition, product: unused.pop()? });
        }
        for _ in 0..extent.distractors {
            objects.push(unused.pop()?);
        }
        Some(RuleTask { goal, rules, objects })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    const EXTENT: Extent = Extent { kinds: 14, rules: 3, distractor_rules: 1, distractors: 2 };

    #[test]
    fn every_kind_is_made_once_used_once_or_lies_there() {
        assert_eq!((EXTENT.most_kinds(), EXTENT.most_objects()), (Some(13), Some(9)));
        let mut rng = stream(0, "rule task", &[]);
        for _ in 0..2000 {
            let task = RuleTask::draw(EXTENT, &mut rng).unwrap();
            assert!(task.rules.len() == 4 && task.objects.len() <= 9);
            let uses: Vec<usize> = task.rules.iter().flat_map(|rule| rule.condition.inputs()).collect();
            let products: Vec<usize> = task.rules.iter().map(|rule| rule.product).collect();
            for kind in 0..14 {
                let count = |kinds: &[usize]| kinds.iter().filter(|other| **other == kind).count();
                let (made, used) = (count(&products) + count(&task.objects), count(&uses));
                let wanted = task.goal.inputs().filter(|input| *input == kind).count();
                assert!(made <= 1 && used + wanted <= made, "{kind} of {task:?}");
            }
            // What a rule of the tree makes is wanted by the goal, or used by the rule before it.
            assert!(task.goal.inputs().any(|kind| kind == products[0]));
            let used_next = |pair: &[Rule]| pair[0].condition.inputs().any(|kind| kind == pair[1].product);
            assert!(task.rules[..3].windows(2).all(used_next), "{task:?}");
        }
    }

    #[test]
    fn goals_are_of_all_sorts_equally_often() {
        let mut rng = stream(0, "rule task", &[1]);
        let mut counts = [0; 6];
        for _ in 0..6000 {
            let which = match RuleTask::draw(EXTENT, &mut rng).unwrap().goal {
                Condition::AgentHold(_) => 0,
                Condition::AgentNear(_) => 1,
                Condition::AgentOnTile(_) => 2,
                Condition::TileNear(..) => 3,
                Condition::TileNearUp(..) => 4,
                Condition::TileNearRight(..) => 5,
            };
            counts[which] += 1;
        }
        assert!(counts.iter().all(|count| (880..1120).contains(count)), "{counts:?}: standard deviation 29");
    }

    #[test]
    fn too_few_kinds_make_no_task() {
        let mut rng = stream(0, "rule task", &[2]);
        assert_eq!(RuleTask::draw(Extent { kinds: 3, ..EXTENT }, &mut rng), None);
        assert_eq!(Extent { rules: usize::MAX, ..EXTENT }.most_kinds(), None);
    }

    #[test]
    fn conditions_are_written_with_letters() {
        assert_eq!(Condition::TileNearUp(0, 27).to_string(), "TileNearUp(a, B)");
        assert_eq!(Condition::AgentHold(25).to_string(), "AgentHold(z)");
    }
}
