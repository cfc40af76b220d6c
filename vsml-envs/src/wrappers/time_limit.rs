//! Cuts episodes off.
//!
//! Truncation is not termination: the future was there, it was just not lived. Who bootstraps values must know, so the
//! two flags stay apart, and a last allowed step that also terminates carries both, as in Gymnasium.

use crate::{Action, Environment, Rng, Step};

/// Truncates every episode of `E` after a fixed number of steps.
///
/// Around an environment that has a limit already, the shorter of the two applies.
#[derive(Clone, Debug)]
pub struct TimeLimit<E> {
    inner: E,
    limit: u64,
    steps: u64,
}

impl<E: Environment> TimeLimit<E> {
    /// Truncates episodes of `inner` after `limit` steps.
    ///
    /// # Panics
    /// If `limit` is 0: an episode has at least one step.
    pub fn new(inner: E, limit: u64) -> Self {
        assert!(limit > 0, "a time limit must be at least one step");
        TimeLimit { inner, limit, steps: 0 }
    }

    /// The environment inside.
    pub fn inner(&self) -> &E {
        &self.inner
    }
}

impl<E: Environment + Clone> Environment for TimeLimit<E> {
    forward_to_inner!(observation_space, action_space, expected_rewards, target, table, picture);

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.steps = 0;
        self.inner.reset(rng, observation);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let mut step = self.inner.step(action, rng, observation);
        self.steps += 1;
        step.truncated |= self.steps >= self.limit;
        step
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Space, stream};

    /// Terminates at its third step.
    #[derive(Clone)]
    struct Three(u32);

    impl Environment for Three {
        fn observation_space(&self) -> Space {
            Space::uniform_box(0.0, 3.0, 1)
        }
        fn action_space(&self) -> Space {
            Space::discrete(1)
        }
        fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
            self.0 = 0;
            observation[0] = 0.0;
        }
        fn step(&mut self, _: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
            self.0 += 1;
            observation[0] = self.0 as f32;
            Step { reward: 0.0, terminated: self.0 == 3, truncated: false }
        }
    }

    fn flags_of_the_last_step(limit: u64) -> (u64, bool, bool) {
        let mut rng = stream(0, "time limit", &[]);
        let mut environment = TimeLimit::new(Three(0), limit);
        let mut ends = Vec::new();
        for _ in 0..2 {
            environment.reset(&mut rng, &mut [0.0]);
            let mut steps = 0;
            ends.push(loop {
                steps += 1;
                let step = environment.step(Action::Discrete(0), &mut rng, &mut [0.0]);
                if step.ended() {
                    break (steps, step.terminated, step.truncated);
                }
            });
        }
        assert_eq!(ends[0], ends[1], "a reset starts the count anew");
        ends[0]
    }

    #[test]
    fn the_flags_say_which_end_it_was() {
        assert_eq!(flags_of_the_last_step(1), (1, false, true));
        assert_eq!(flags_of_the_last_step(2), (2, false, true));
        assert_eq!(flags_of_the_last_step(3), (3, true, true), "both at once, as in Gymnasium");
        assert_eq!(flags_of_the_last_step(4), (3, true, false));
    }

    #[test]
    #[should_panic(expected = "at least one step")]
    fn a_limit_of_nothing_is_refused() {
        TimeLimit::new(Three(0), 0);
    }
}
