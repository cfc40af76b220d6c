//! Environments around environments: what can be asked of any task without its knowing.
//!
//! A wrapper holds an inner environment and is one itself. All are generic, so a wrapper around a known type costs no
//! virtual call, and `Box<dyn Environment>` is an inner environment like any other. What is random about a wrapper is
//! drawn once, when the task is: the order of this task's actions is part of what the learner has to find out, and it
//! stays the same over all episodes of a lifetime.
//!
//! [`wrap`] puts wrappers around every task of a distribution, as the parameters of [`Common`] ask. The inner task is
//! drawn first and each wrapper then draws from a stream of its own, so asking for a wrapper changes neither the task
//! inside nor what another wrapper draws: results with and without it are about the same tasks.

/// Writes methods of [`Environment`](crate::Environment) that do what the environment in the field `inner` does: for those
/// that a wrapper leaves alone.
///
/// ```
/// use vsml_envs::{Action, Environment, Rng, Step, forward_to_inner};
///
/// /// Pays ten times as much.
/// #[derive(Clone)]
/// struct Tenfold<E> {
///     inner: E,
/// }
///
/// impl<E: Environment + Clone> Environment for Tenfold<E> {
///     forward_to_inner!(observation_space, action_space, reset, target, picture);
///
///     fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
///         let step = self.inner.step(action, rng, observation);
///         Step { reward: 10.0 * step.reward, ..step }
///     }
/// }
/// ```
#[macro_export]
macro_rules! forward_to_inner {
    (@ observation_space) => {
        fn observation_space(&self) -> $crate::Space {
            $crate::Environment::observation_space(&self.inner)
        }
    };
    (@ action_space) => {
        fn action_space(&self) -> $crate::Space {
            $crate::Environment::action_space(&self.inner)
        }
    };
    (@ reset) => {
        fn reset(&mut self, rng: &mut $crate::Rng, observation: &mut [f32]) {
            $crate::Environment::reset(&mut self.inner, rng, observation);
        }
    };
    (@ step) => {
        fn step(&mut self, action: $crate::Action<'_>, rng: &mut $crate::Rng, observation: &mut [f32]) -> $crate::Step {
            $crate::Environment::step(&mut self.inner, action, rng, observation)
        }
    };
    (@ expected_rewards) => {
        fn expected_rewards(&self) -> Option<&[f64]> {
            $crate::Environment::expected_rewards(&self.inner)
        }
    };
    (@ target) => {
        fn target(&self) -> Option<usize> {
            $crate::Environment::target(&self.inner)
        }
    };
    (@ table) => {
        fn table(&self) -> Option<&$crate::tabular::Table> {
            $crate::Environment::table(&self.inner)
        }
    };
    (@ picture) => {
        fn picture(&self) -> Option<$crate::picture::Picture> {
            $crate::Environment::picture(&self.inner)
        }
    };
    ($($method:ident),+ $(,)?) => {
        $($crate::forward_to_inner!(@ $method);)+
    };
}

mod affine_observations;
mod permute_actions;
mod permute_observations;
mod project_observations;
mod span;
mod time_limit;

pub use affine_observations::AffineObservations;
pub use permute_actions::PermuteActions;
pub use permute_observations::PermuteObservations;
pub use project_observations::{MAX_PROJECTED, ProjectObservations};
pub use span::{Span, SpanError};
pub use time_limit::TimeLimit;

use crate::lifetime::guard;
use crate::{Common, Environment, Rng, Space, TaskDistribution, stream};
use rand::Rng as _;
use rand::seq::SliceRandom;
use std::sync::Arc;

/// Why a wrapper cannot be put around an environment.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WrapperError {
    /// There is no sensible way to do to this space what the wrapper does.
    #[error("{wrapper} cannot wrap the space {space:?}: {reason}")]
    Space {
        /// The wrapper's name.
        wrapper: &'static str,
        /// The space that it was to wrap.
        space: Space,
        /// Why not.
        reason: &'static str,
    },
    /// What was given as an order does not name every place once.
    #[error("{order:?} is not an order of {len} places: each of 0..{len} must occur once")]
    Order {
        /// What was given.
        order: Vec<usize>,
        /// How many places there are.
        len: usize,
    },
    /// A factor or an offset for the observations is missing, superfluous, NaN or infinite.
    #[error("{what} of {given:?} for {len} observations: as many finite numbers are needed")]
    Numbers {
        /// `scale` or `shift`.
        what: &'static str,
        /// What was given.
        given: Vec<f32>,
        /// How many observations there are.
        len: usize,
    },
    /// A matrix does not fit the observations.
    #[error("a matrix of {given} numbers for {len} observations: whole rows of {len} finite numbers are needed")]
    Matrix {
        /// How many numbers were given.
        given: usize,
        /// How many observations there are.
        len: usize,
    },
    /// A matrix would have no rows, or too many.
    #[error("`project_observations` is {rows}: of {len} observations it must be 1 to {greatest}")]
    Rows {
        /// How many were asked for.
        rows: usize,
        /// How many there may be.
        greatest: usize,
        /// How many observations there are.
        len: usize,
    },
}

/// Puts around each task of `distribution` the wrappers that `common` asks for; its lifetime's length is not looked at.
///
/// From the inside out: scaled and shifted observations, permuted observations, projected observations, permuted actions,
/// time limit. A factor therefore belongs to what an observation means, not to the place where the learner finds it, and it
/// is an image's pixels that are permuted, not what is seen of them.
///
/// If any wrapper is asked for, one task is drawn here and now (from a stream that no lifetime uses), so that a wrapper
/// which does not fit is refused when the configuration is read. Should a later task of the same distribution have
/// other spaces, which do not fit, drawing it panics, and its lifetime ends with a [`Fault`](crate::Fault).
///
/// # Errors
/// A time limit of 0, an action space or observation space that cannot be permuted, one that cannot be projected or not on
/// so many numbers, a span beyond the range of `f32`, or a task that cannot be drawn.
pub fn wrap(distribution: Arc<dyn TaskDistribution>, common: &Common) -> Result<Arc<dyn TaskDistribution>, String> {
    if common.time_limit == Some(0) {
        return Err("an episode must have at least one step: give `time_limit` of 1 or more".into());
    }
    for (name, span) in [("scale", common.scale_observations), ("shift", common.shift_observations)] {
        if span.is_some_and(|span| span.low() < f64::from(f32::MIN) || span.high() > f64::from(f32::MAX)) {
            return Err(format!("`{name}_observations` reaches beyond what an f32 can hold"));
        }
    }
    let wrapped = Wrapped { inner: distribution, common: common.clone() };
    if !wrapped.anything() {
        return Ok(wrapped.inner);
    }
    let mut rng = stream(0, "wrappers/probe", &[]);
    let inner = guard("the task distribution", || wrapped.inner.sample(&mut rng)).map_err(|fault| fault.to_string())?;
    guard("the wrappers", || wrapped.put_around(inner, &mut rng).map(drop))
        .map_err(|fault| fault.to_string())?
        .map_err(|error| error.to_string())?;
    Ok(Arc::new(wrapped))
}

/// A distribution whose tasks all get the wrappers that `common` asks for.
struct Wrapped {
    inner: Arc<dyn TaskDistribution>,
    common: Common,
}

impl Wrapped {
    fn anything(&self) -> bool {
        let Common {
            time_limit,
            permute_observations,
            permute_actions,
            scale_observations,
            shift_observations,
            project_observations,
            ..
        } = self.common;
        time_limit.is_some()
            || permute_observations
            || permute_actions
            || scale_observations.is_some()
            || shift_observations.is_some()
            || project_observations.is_some()
    }

    fn put_around(&self, task: Box<dyn Environment>, rng: &mut Rng) -> Result<Box<dyn Environment>, WrapperError> {
        let seed = rng.next_u64();
        let own_stream = |wrapper: &str| stream(seed, wrapper, &[]);
        let mut task = task;
        if self.common.scale_observations.is_some() || self.common.shift_observations.is_some() {
            let scale = self.common.scale_observations.unwrap_or(Span::single(1.0));
            let shift = self.common.shift_observations.unwrap_or(Span::single(0.0));
            let mut rng = own_stream("affine_observations");
            task = Box::new(AffineObservations::random(task, scale, shift, &mut rng)?);
        }
        if self.common.permute_observations {
            task = Box::new(PermuteObservations::random(task, &mut own_stream("permute_observations"))?);
        }
        if let Some(rows) = self.common.project_observations {
            task = Box::new(ProjectObservations::random(task, rows, &mut own_stream("project_observations"))?);
        }
        if self.common.permute_actions {
            task = Box::new(PermuteActions::random(task, &mut own_stream("permute_actions"))?);
        }
        if let Some(limit) = self.common.time_limit {
            task = Box::new(TimeLimit::new(task, limit));
        }
        Ok(task)
    }
}

impl TaskDistribution for Wrapped {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        let task = self.inner.sample(rng);
        match self.put_around(task, rng) {
            Ok(task) => task,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Refuses what is not an order of `len` places.
fn check_order(order: &[usize], len: usize) -> Result<(), WrapperError> {
    let mut seen = vec![false; len];
    let fits =
        order.len() == len && order.iter().all(|&place| place < len && !std::mem::replace(&mut seen[place], true));
    if fits { Ok(()) } else { Err(WrapperError::Order { order: order.to_vec(), len }) }
}

/// An order of `len` places, each equally likely.
fn random_order(len: usize, rng: &mut Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.shuffle(rng);
    order
}

/// The space whose number `i` is number `order[i]` of `space`.
fn permuted(space: &Space, order: &[usize], wrapper: &'static str) -> Result<Space, WrapperError> {
    check_order(order, space.flat_len())?;
    match space {
        Space::Discrete { .. } | Space::MultiBinary { .. } => Ok(space.clone()),
        Space::Box { low, high, shape } => Ok(Space::Box {
            low: order.iter().map(|&from| low[from]).collect(),
            high: order.iter().map(|&from| high[from]).collect(),
            shape: shape.clone(),
        }),
        Space::MultiDiscrete { .. } => Err(WrapperError::Space {
            wrapper,
            space: space.clone(),
            reason: "its one-hot groups would be torn apart; Discrete, Box and MultiBinary can be permuted",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, BernoulliBandit, Step};
    use rand::RngExt;

    #[derive(Clone)]
    struct Groups;

    impl Environment for Groups {
        fn observation_space(&self) -> Space {
            Space::MultiDiscrete { sizes: vec![2, 3] }
        }
        fn action_space(&self) -> Space {
            Space::MultiDiscrete { sizes: vec![2, 3] }
        }
        fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
            observation.copy_from_slice(&[1.0, 0.0, 0.0, 1.0, 0.0]);
        }
        fn step(&mut self, _: Action<'_>, _: &mut Rng, _: &mut [f32]) -> Step {
            Step::going_on(0.0)
        }
    }

    fn bandits(rng: &mut Rng) -> BernoulliBandit {
        BernoulliBandit::new((0..5).map(|_| rng.random()).collect()).unwrap()
    }

    #[test]
    fn a_wrapper_changes_neither_the_task_nor_another_wrapper() {
        let means = |common: Common| {
            let tasks = wrap(Arc::new(bandits), &common).unwrap();
            tasks.sample(&mut stream(5, "task", &[])).expected_rewards().unwrap().to_vec()
        };
        let plain = means(Common::default());
        let limited = means(Common { time_limit: Some(3), ..Common::default() });
        assert_eq!(plain, limited);
        let permuted = means(Common { permute_actions: true, ..Common::default() });
        let both = means(Common {
            permute_actions: true,
            permute_observations: true,
            project_observations: Some(4),
            scale_observations: Some(Span::single(2.0)),
            time_limit: Some(3),
            ..Common::default()
        });
        assert_ne!(plain, permuted);
        assert_eq!(permuted, both, "the order of the actions does not depend on other wrappers");
        let sorted = |mut means: Vec<f64>| {
            means.sort_by(f64::total_cmp);
            means
        };
        assert_eq!(sorted(plain), sorted(permuted));
    }

    #[test]
    fn what_cannot_be_wrapped_is_refused_at_once() {
        let refuse = |common: Common| wrap(Arc::new(|_: &mut Rng| Groups), &common).err().unwrap();
        assert!(refuse(Common { time_limit: Some(0), ..Common::default() }).contains("time_limit"));
        let reason = refuse(Common { permute_actions: true, ..Common::default() });
        assert!(reason.contains("PermuteActions") && reason.contains("torn apart"), "{reason}");
        let reason = refuse(Common { permute_observations: true, ..Common::default() });
        assert!(reason.contains("PermuteObservations"), "{reason}");
        let reason = refuse(Common { scale_observations: Some(Span::single(1e300)), ..Common::default() });
        assert!(reason.contains("scale_observations"), "{reason}");
        let reason = refuse(Common { project_observations: Some(3), ..Common::default() });
        assert!(reason.contains("only the numbers of a Box"), "{reason}");
    }

    #[test]
    fn a_distribution_that_panics_is_an_error_when_probed() {
        crate::quiet_environment_panics();
        let broken = |_: &mut Rng| -> BernoulliBandit { panic!("no such task") };
        let reason = wrap(Arc::new(broken), &Common { time_limit: Some(1), ..Common::default() }).err().unwrap();
        assert!(reason.contains("no such task"), "{reason}");
    }

    #[test]
    fn only_orders_are_orders() {
        assert_eq!(check_order(&[2, 0, 1], 3), Ok(()));
        for order in [vec![0, 1], vec![0, 1, 1], vec![0, 1, 3], vec![0, 1, 2, 3]] {
            assert!(check_order(&order, 3).is_err(), "{order:?}");
        }
    }
}
