//! What a player of tabular tasks counts: where each action has led in each state, and what it paid.
//!
//! A task is tabular to a player if the observation is one of finitely many states ([`Space::Discrete`], seen one-hot), or if
//! there is nothing to see, which is one state. Whatever else is refused: to cut numbers into states would be to know
//! something about them.
//!
//! Two things are known for less often than an action is taken. Where an episode is cut off, nobody is told what state it
//! would have led to, so the reward is counted and the transition is not. And an episode that ended by itself led to no state:
//! the *end* is counted as an outcome of its own, after the states, from where nothing more is to be had.

use crate::learner::Unable;
use vsml_envs::{Feedback, Percept, Space};

/// More counts than this are refused: 32 MiB of them.
const MAX_COUNTS: usize = 1 << 22;

/// The numbers of states and actions of a tabular task.
///
/// # Errors
/// If it is none.
pub(super) fn shape(player: &str, observation: &Space, action: &Space) -> Result<(usize, usize), Unable> {
    let &Space::Discrete { n: actions } = action else {
        return Err(Unable(format!("{player} plays tabular tasks: it needs discrete actions")));
    };
    let states = match observation {
        Space::Discrete { n } => *n,
        Space::Box { low, high, .. } if low == high => 1,
        other => {
            let numbers = other.flat_len();
            return Err(Unable(format!(
                "{player} plays tabular tasks, in which the observation is one of finitely many states; here are {numbers} \
                 numbers that are no such thing"
            )));
        }
    };
    let counts = states.checked_add(1).and_then(|outcomes| outcomes.checked_mul(states)?.checked_mul(actions));
    if counts.is_none_or(|counts| counts > MAX_COUNTS) {
        return Err(Unable(format!(
            "{player} counts where each action leads in each state: {states} states and {actions} actions are too many, states \
             times states times actions may be {MAX_COUNTS} at most"
        )));
    }
    Ok((states, actions))
}

/// The state that is seen: the place of the 1.
///
/// # Errors
/// If there is none.
pub(super) fn state_of(percept: &Percept<'_>, states: usize) -> Result<usize, Unable> {
    if states == 1 {
        return Ok(0);
    }
    let place = percept.observation.iter().position(|&number| number == 1.0);
    place.filter(|&state| state < states).ok_or_else(|| Unable("the observation is not one-hot".into()))
}

/// What was seen of a process in one life. A *pair* is a state and an action in it, numbered `state * actions + action`.
#[derive(Clone, Debug, Default)]
pub struct Experience {
    states: usize,
    actions: usize,
    /// For each pair: how often each state followed, and then how often the end did.
    followed: Vec<f64>,
    /// How often anything followed a pair that is known.
    transitions: Vec<f64>,
    taken: Vec<f64>,
    rewards: Vec<f64>,
    steps: u64,
    /// The pair whose reward is to come.
    acted: Option<usize>,
    /// The pair of which it is not known yet what follows.
    left: Option<usize>,
}

impl Experience {
    /// Nothing seen yet.
    pub(super) fn begin(&mut self, states: usize, actions: usize) {
        let pairs = states * actions;
        for (counts, len) in [
            (&mut self.followed, pairs * (states + 1)),
            (&mut self.transitions, pairs),
            (&mut self.taken, pairs),
            (&mut self.rewards, pairs),
        ] {
            counts.clear();
            counts.resize(len, 0.0);
        }
        (self.states, self.actions, self.steps) = (states, actions, 0);
        (self.acted, self.left) = (None, None);
    }

    /// How many states there are.
    pub fn states(&self) -> usize {
        self.states
    }

    /// How many actions.
    pub fn actions(&self) -> usize {
        self.actions
    }

    /// How many pairs.
    pub fn pairs(&self) -> usize {
        self.states * self.actions
    }

    /// Steps of this life so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// How often each state has followed `pair`, and last how often the episode has ended by itself: `states + 1` numbers.
    ///
    /// # Panics
    /// If there is no such pair; likewise below.
    pub fn followed(&self, pair: usize) -> &[f64] {
        &self.followed[pair * (self.states + 1)..][..self.states + 1]
    }

    /// The sum of these: less than how often it was taken, where episodes were cut off.
    pub fn transitions(&self, pair: usize) -> f64 {
        self.transitions[pair]
    }

    /// How often this action was taken in this state.
    pub fn taken(&self, pair: usize) -> f64 {
        self.taken[pair]
    }

    /// The sum of what it paid.
    pub fn rewards(&self, pair: usize) -> f64 {
        self.rewards[pair]
    }

    /// Sees what the last action led to, and which state this is.
    pub(super) fn perceive(&mut self, percept: &Percept<'_>) -> Result<usize, Unable> {
        let state = state_of(percept, self.states)?;
        if let Some(pair) = self.left.take().filter(|_| !percept.episode_begins) {
            self.follow(pair, state);
        }
        Ok(state)
    }

    /// Takes `action` in `state`.
    pub(super) fn act(&mut self, state: usize, action: usize) {
        self.acted = Some(state * self.actions + action);
    }

    /// Is told what came of it.
    pub(super) fn feedback(&mut self, feedback: &Feedback) {
        let Some(pair) = self.acted.take() else { return };
        self.steps += 1;
        self.taken[pair] += 1.0;
        self.rewards[pair] += feedback.reward;
        if feedback.terminated {
            self.follow(pair, self.states);
        } else if !feedback.truncated {
            self.left = Some(pair);
        }
    }

    fn follow(&mut self, pair: usize, outcome: usize) {
        self.followed[pair * (self.states + 1) + outcome] += 1.0;
        self.transitions[pair] += 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(reward: f64, terminated: bool, truncated: bool) -> Feedback {
        Feedback { reward, terminated, truncated, target: None }
    }

    fn seen(observation: &[f32], episode_begins: bool) -> Percept<'_> {
        Percept { observation, episode_begins }
    }

    #[test]
    fn what_follows_is_counted_where_it_is_known() {
        let (first, second) = ([1.0, 0.0], [0.0, 1.0]);
        let mut experience = Experience::default();
        experience.begin(2, 2);
        for (observation, begins, action, feedback) in [
            (first, true, 1, told(0.5, false, false)),
            (second, false, 0, told(1.0, true, false)),
            (first, true, 1, told(2.0, false, true)),
            (second, true, 0, told(-1.0, false, false)),
            (second, false, 1, told(0.0, false, false)),
        ] {
            let state = experience.perceive(&seen(&observation, begins)).unwrap();
            experience.act(state, action);
            experience.feedback(&feedback);
        }
        // In the first state, action 1 led to the second one, and then nobody knows where to.
        assert_eq!(experience.followed(1), [0.0, 1.0, 0.0]);
        assert_eq!((experience.transitions(1), experience.taken(1), experience.rewards(1)), (1.0, 2.0, 2.5));
        // In the second, action 0 ended an episode, and led back to where it was taken.
        assert_eq!(experience.followed(2), [0.0, 1.0, 1.0]);
        assert_eq!((experience.transitions(2), experience.taken(2), experience.rewards(2)), (2.0, 2.0, 0.0));
        assert_eq!((experience.taken(3), experience.transitions(3), experience.steps()), (1.0, 0.0, 5));
        experience.begin(2, 2);
        assert_eq!((experience.taken(1), experience.steps(), experience.followed(1)), (0.0, 0, &[0.0; 3][..]));
    }

    #[test]
    fn what_is_no_table_is_refused_with_the_reason() {
        let two = Space::discrete(2);
        assert_eq!(shape("psrl", &Space::discrete(7), &two), Ok((7, 2)));
        assert_eq!(shape("psrl", &Space::uniform_box(1.0, 1.0, 1), &two), Ok((1, 2)), "a bandit");
        let refused = |observation: &Space, action: &Space| shape("psrl", observation, action).unwrap_err().0;
        assert!(refused(&Space::uniform_box(0.0, 1.0, 4), &two).contains("here are 4 numbers"));
        assert!(refused(&Space::discrete(2), &Space::uniform_box(0.0, 1.0, 1)).contains("discrete actions"));
        assert!(refused(&Space::discrete(10_000), &two).contains("10000 states"));
        assert!(refused(&Space::discrete(usize::MAX), &two).contains("too many"));
    }
}
