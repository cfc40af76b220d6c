//! Players that plan: they make a model of what they have seen, and do what is best in it.
//!
//! All of them solve a finite process by backward induction over the `horizon` steps of an episode,
//!
//! ```text
//! Q(s, a, h) = r(s, a) + sum over s' of p(s' | s, a) V(s', h - 1),   V(s, h) = max over a of Q(s, a, h),   V(s, 0) = 0,
//! ```
//!
//! and differ in what they take for r and p: a draw from the posterior ([`Psrl`](super::Psrl)), its mean
//! ([`GreedyMdp`](super::GreedyMdp)), that and a bonus for what is little known ([`Beb`](super::Beb)), the best that cannot
//! be ruled out ([`Ucrl2`](super::Ucrl2)). That is a [`Model`]; the rest is here.
//!
//! There is a new plan at the beginning of each episode. They are told how long an episode is, as the baselines of RL² were
//! (Duan et al. 2016, arXiv 1611.02779); where one goes on for longer, or has no end, there is a new plan whenever the last
//! one is at its end. Equally good actions are equally likely.
//!
//! Priors are those from which RL² draws its processes: any transition probabilities are equally likely (a flat Dirichlet
//! distribution), and mean rewards are normal around 1 with variance 1, as are rewards around their mean. That an episode
//! might end by itself is not expected until it is seen.

use super::tabular::{Experience, shape};
use crate::learner::{Learner, Unable};
use rand::RngExt;
use vsml_envs::tabular::Table;
use vsml_envs::{Action, Feedback, Percept, Rng, Space};

/// Longer plans are refused.
pub const MAX_HORIZON: usize = 10_000;

/// More entries in a plan than this are refused: 32 MiB.
const MAX_PLAN: usize = 1 << 22;

/// What a planner makes of its experience.
pub trait Model: Send {
    /// What it is called in messages.
    const NAME: &'static str;

    /// A life begins: makes room for the states and actions that `experience` will be of.
    fn begin(&mut self, experience: &Experience) {
        let _ = experience;
    }

    /// There is going to be a new plan: looks at what has been seen.
    fn update(&mut self, experience: &Experience, rng: &mut Rng) {
        let _ = (experience, rng);
    }

    /// The next questions will be about `values`: what each state is worth, and last the end, which is worth nothing.
    fn consider(&mut self, values: &[f64]) {
        let _ = values;
    }

    /// What taking `pair` is worth if what follows is worth `values`.
    fn action_value(&mut self, experience: &Experience, pair: usize, values: &[f64]) -> f64;
}

/// The mean reward of a pair that is expected after what has been seen.
pub(super) fn expected_reward(experience: &Experience, pair: usize) -> f64 {
    (1.0 + experience.rewards(pair)) / (1.0 + experience.taken(pair))
}

/// What `pair` is worth by the posterior mean of rewards and transitions.
pub(super) fn expected_value(experience: &Experience, pair: usize, values: &[f64]) -> f64 {
    // The end is worth nothing, so that its count needs no factor.
    let states = experience.states() as f64;
    let sum: f64 = experience.followed(pair).iter().zip(values).map(|(count, value)| (count + 1.0) * value).sum();
    expected_reward(experience, pair) + sum / (states + experience.transitions(pair))
}

/// What is best to do in each state with so many steps left.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    horizon: usize,
    states: usize,
    actions: usize,
    /// `best[(left - 1) * states + state]`.
    best: Vec<usize>,
    /// Of each state, and 0 for the end.
    values: Vec<f64>,
    earlier: Vec<f64>,
}

impl Plan {
    /// Makes room.
    ///
    /// # Errors
    /// If that is too much.
    pub(super) fn begin(&mut self, player: &str, horizon: usize, states: usize, actions: usize) -> Result<(), Unable> {
        if horizon.checked_mul(states).is_none_or(|entries| entries > MAX_PLAN) {
            return Err(Unable(format!(
                "{player} plans {horizon} steps in {states} states: steps times states may be {MAX_PLAN} at most"
            )));
        }
        (self.horizon, self.states, self.actions) = (horizon, states, actions);
        self.best.clear();
        self.best.resize(horizon * states, 0);
        for values in [&mut self.values, &mut self.earlier] {
            values.clear();
            values.resize(states + 1, 0.0);
        }
        Ok(())
    }

    /// How many steps it is for.
    pub(super) fn horizon(&self) -> usize {
        self.horizon
    }

    /// Makes a new plan in what a model takes for true, of equally good actions any.
    pub(super) fn make<M: Model>(&mut self, model: &mut M, experience: &Experience, rng: &mut Rng) {
        self.values.fill(0.0);
        for left in 0..self.horizon {
            std::mem::swap(&mut self.values, &mut self.earlier);
            model.consider(&self.earlier);
            for state in 0..self.states {
                let (mut best, mut greatest, mut ties) = (0, f64::NEG_INFINITY, 0u32);
                for action in 0..self.actions {
                    let value = model.action_value(experience, state * self.actions + action, &self.earlier);
                    if value > greatest {
                        (best, greatest, ties) = (action, value, 1);
                    } else if value == greatest {
                        // The k-th of equals takes the place with probability 1/k.
                        ties += 1;
                        if rng.random_range(0..ties) == 0 {
                            best = action;
                        }
                    }
                }
                self.best[left * self.states + state] = best;
                self.values[state] = greatest;
            }
        }
    }

    /// Makes a plan in a process that is known, of as many states and actions.
    pub(super) fn make_in(&mut self, table: &Table) {
        self.values.fill(0.0);
        for left in 0..self.horizon {
            std::mem::swap(&mut self.values, &mut self.earlier);
            for state in 0..self.states {
                let (action, value) = table.best_action(state, 1.0, &self.earlier);
                self.best[left * self.states + state] = action;
                self.values[state] = value;
            }
        }
    }

    /// What to do in `state` with `left` steps left, 1 to the horizon.
    pub(super) fn action(&self, left: usize, state: usize) -> usize {
        self.best[(left - 1) * self.states + state]
    }
}

/// A player that plans with a model.
pub struct Planner<M> {
    model: M,
    horizon: usize,
    experience: Experience,
    plan: Plan,
    /// Steps that are left of the plan.
    left: usize,
}

impl<M: Model> Planner<M> {
    /// Plans `horizon` steps ahead, 1 to [`MAX_HORIZON`]: what an episode has.
    pub fn new(model: M, horizon: usize) -> Self {
        Planner { model, horizon, experience: Experience::default(), plan: Plan::default(), left: 0 }
    }
}

impl<M: Model> Learner for Planner<M> {
    fn begin(&mut self, observation: &Space, action: &Space, _: &mut Rng) -> Result<(), Unable> {
        let (states, actions) = shape(M::NAME, observation, action)?;
        self.experience.begin(states, actions);
        self.plan.begin(M::NAME, self.horizon, states, actions)?;
        self.model.begin(&self.experience);
        self.left = 0;
        Ok(())
    }

    fn act(&mut self, percept: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        let state = self.experience.perceive(percept)?;
        if percept.episode_begins || self.left == 0 {
            self.model.update(&self.experience, rng);
            self.plan.make(&mut self.model, &self.experience, rng);
            self.left = self.plan.horizon();
        }
        let action = self.plan.action(self.left, state);
        self.left -= 1;
        self.experience.act(state, action);
        Ok(Action::Discrete(action))
    }

    fn feedback(&mut self, feedback: &Feedback) {
        self.experience.feedback(feedback);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vsml_envs::{Registry, stream};

    #[test]
    fn a_plan_in_a_known_process_is_that_of_its_table() {
        let task = Registry::builtin().make("RandomMdp-v0").unwrap().distribution.sample(&mut stream(1, "plan", &[]));
        let table = task.table().unwrap();
        let (known, mut plan) = (table.plan(7, 1.0), Plan::default());
        plan.begin("a test", 7, 10, 5).unwrap();
        plan.make_in(table);
        for left in 1..=7 {
            assert!((0..10).all(|state| plan.action(left, state) == known.action(left, state)), "{left} left");
        }
        assert_eq!(plan.values[..10], *known.values(7));
        assert!(plan.begin("a test", 1 << 20, 10, 5).unwrap_err().0.contains("at most"));
    }

    /// Each pair is worth its number, and ends there.
    struct Numbers;

    impl Model for Numbers {
        const NAME: &'static str = "numbers";

        fn action_value(&mut self, _: &Experience, pair: usize, _: &[f64]) -> f64 {
            if pair < 3 { 1.0 } else { pair as f64 }
        }
    }

    #[test]
    fn the_greatest_is_taken_and_of_equals_any() {
        let (mut experience, mut plan, mut rng) = (Experience::default(), Plan::default(), stream(2, "plan", &[]));
        experience.begin(2, 3);
        plan.begin("a test", 1, 2, 3).unwrap();
        let mut taken = [0; 3];
        for _ in 0..3000 {
            plan.make(&mut Numbers, &experience, &mut rng);
            taken[plan.action(1, 0)] += 1;
            assert_eq!(plan.action(1, 1), 2);
        }
        assert!(taken.iter().all(|count| (900..1100).contains(count)), "{taken:?}: standard deviation 26");
    }

    #[test]
    fn expectations_are_posterior_means() {
        let mut experience = Experience::default();
        experience.begin(2, 1);
        assert_eq!(expected_value(&experience, 0, &[4.0, 8.0, 0.0]), 1.0 + 6.0, "the prior");
        let told = |reward| Feedback { reward, terminated: false, truncated: false, target: None };
        let mut rng = stream(3, "plan", &[]);
        let mut player = Planner::new(super::super::GreedyMdp, 2);
        player.begin(&Space::discrete(2), &Space::discrete(1), &mut rng).unwrap();
        for (state, reward) in [(0, 3.0), (1, 0.0), (1, 0.0)] {
            let mut observation = [0.0; 2];
            observation[state] = 1.0;
            player.act(&Percept { observation: &observation, episode_begins: false }, &mut rng).unwrap();
            player.feedback(&told(reward));
        }
        // One reward of 3; one step to the second state.
        let expected = (1.0 + 3.0) / 2.0 + (4.0 + 2.0 * 8.0) / 3.0;
        assert_eq!(expected_value(&player.experience, 0, &[4.0, 8.0, 0.0]), expected);
    }
}
