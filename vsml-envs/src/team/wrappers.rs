//! What can be asked of any task for a team without its knowing: as the [wrappers](crate::wrappers) of one agent's tasks.

use super::{Observations, TeamEnvironment, observation_buffers};
use crate::wrappers::WrapperError;
use crate::wrappers::order::{permuted, random_order};
use crate::{Action, Rng, Space, Step, stream};
use smallvec::SmallVec;

/// Writes methods of [`TeamEnvironment`] that do what the team in the field `inner` does: for those that a wrapper leaves
/// alone, as [`forward_to_inner!`](crate::forward_to_inner) does for environments.
#[macro_export]
macro_rules! forward_to_inner_team {
    (@ agents) => {
        fn agents(&self) -> Vec<String> {
            self.inner.agents()
        }
    };
    (@ observation_space) => {
        fn observation_space(&self, agent: usize) -> $crate::Space {
            self.inner.observation_space(agent)
        }
    };
    (@ action_space) => {
        fn action_space(&self, agent: usize) -> $crate::Space {
            self.inner.action_space(agent)
        }
    };
    (@ expected_rewards) => {
        fn expected_rewards(&self, agent: usize) -> Option<&[f64]> {
            self.inner.expected_rewards(agent)
        }
    };
    (@ target) => {
        fn target(&self, agent: usize) -> Option<usize> {
            self.inner.target(agent)
        }
    };
    (@ table) => {
        fn table(&self) -> Option<&$crate::tabular::Table> {
            self.inner.table()
        }
    };
    (@ picture) => {
        fn picture(&self) -> Option<$crate::picture::Picture> {
            self.inner.picture()
        }
    };
    ($($method:ident),+ $(,)?) => {
        $($crate::forward_to_inner_team!(@ $method);)+
    };
}

/// Truncates every episode after so many steps, for all agents that are still in it.
#[derive(Clone)]
pub struct TimeLimit {
    inner: Box<dyn TeamEnvironment>,
    limit: u64,
    steps: u64,
}

impl TimeLimit {
    /// Truncates episodes of `inner` after `limit` steps.
    ///
    /// # Panics
    /// If `limit` is 0: an episode has at least one step.
    pub fn new(inner: Box<dyn TeamEnvironment>, limit: u64) -> Self {
        assert!(limit > 0, "a time limit must be at least one step");
        TimeLimit { inner, limit, steps: 0 }
    }
}

impl TeamEnvironment for TimeLimit {
    forward_to_inner_team!(agents, observation_space, action_space, expected_rewards, target, table, picture);

    fn reset(&mut self, rng: &mut Rng, observations: &mut Observations) {
        self.steps = 0;
        self.inner.reset(rng, observations);
    }

    fn step(
        &mut self,
        actions: &[Option<Action<'_>>],
        rng: &mut Rng,
        observations: &mut Observations,
        steps: &mut [Step],
    ) {
        self.inner.step(actions, rng, observations, steps);
        self.steps += 1;
        if self.steps >= self.limit {
            steps.iter_mut().for_each(|step| step.truncated = true);
        }
    }
}

/// Gives each agent orders of its own for its observations, its actions or both, and all rewards a factor.
#[derive(Clone)]
pub struct Senses {
    inner: Box<dyn TeamEnvironment>,
    /// For each agent, which number is seen at each place, with the space that this makes.
    seen: Vec<(Vec<usize>, Space)>,
    /// For each agent of discrete actions, which action is carried out for each.
    carried_out: Vec<Option<Vec<usize>>>,
    factor: f64,
    observations: Box<Observations>,
}

impl Senses {
    /// Draws an order for the observations of every agent if `observations`, one for its actions if `actions`, and multiplies
    /// rewards by `factor`.
    ///
    /// # Errors
    /// A space that cannot be permuted.
    pub fn random(
        inner: Box<dyn TeamEnvironment>,
        observations: bool,
        actions: bool,
        factor: f64,
        seed: u64,
    ) -> Result<Self, WrapperError> {
        // One stream for each, so that neither changes what the other draws.
        let (mut of_observations, mut of_actions) =
            (stream(seed, "permute_observations", &[]), stream(seed, "permute_actions", &[]));
        let (mut seen, mut carried_out) = (Vec::new(), Vec::new());
        for agent in 0..inner.agents().len() {
            let space = inner.observation_space(agent);
            let len = space.flat_len();
            let order = if observations { random_order(len, &mut of_observations) } else { (0..len).collect() };
            let space = if observations { permuted(&space, &order, "Senses")? } else { space };
            seen.push((order, space));
            let space = inner.action_space(agent);
            carried_out.push(match (&space, actions) {
                (_, false) => None,
                (Space::Discrete { n }, true) => Some(random_order(*n, &mut of_actions)),
                (_, true) => {
                    let reason = "only discrete actions can be permuted";
                    return Err(WrapperError::Space { wrapper: "Senses", space, reason });
                }
            });
        }
        let observations = observation_buffers(&*inner);
        Ok(Senses { inner, seen, carried_out, factor, observations })
    }

    fn show(&self, observations: &mut Observations) {
        for ((shown, inner), (order, _)) in observations.iter_mut().zip(&self.observations).zip(&self.seen) {
            for (number, from) in shown.iter_mut().zip(order) {
                *number = inner[*from];
            }
        }
    }
}

impl TeamEnvironment for Senses {
    forward_to_inner_team!(agents, action_space, picture);

    fn observation_space(&self, agent: usize) -> Space {
        self.seen[agent].1.clone()
    }

    fn reset(&mut self, rng: &mut Rng, observations: &mut Observations) {
        self.inner.reset(rng, &mut self.observations);
        self.show(observations);
    }

    fn step(
        &mut self,
        actions: &[Option<Action<'_>>],
        rng: &mut Rng,
        observations: &mut Observations,
        steps: &mut [Step],
    ) {
        let with_orders = actions.iter().zip(&self.carried_out);
        let actions: SmallVec<[Option<Action<'_>>; 8]> = with_orders
            .map(|(action, order)| match (action, order) {
                (Some(Action::Discrete(index)), Some(order)) => Some(Action::Discrete(order[*index])),
                _ => *action,
            })
            .collect();
        self.inner.step(&actions, rng, &mut self.observations, steps);
        steps.iter_mut().for_each(|step| step.reward *= self.factor);
        self.show(observations);
    }
}
