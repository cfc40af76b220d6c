//! Random processes: nothing to see in them but what one has learnt.
//!
//! Transitions and mean rewards are drawn anew for each task, so there is no structure to remember from one task to the
//! next: what carries over is how to explore and how to plan (Duan et al. 2016, arXiv 1611.02779).

use super::{Outcome, Table, TabularEnvironment};
use crate::registry::Family;
use crate::wrappers::TimeLimit;
use crate::{Environment, Rng, TaskDistribution};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

/// More outcomes than this are taken for a slip of the pen.
const MAX_OUTCOMES: usize = 1_000_000;

/// Random Markov decision processes: `RandomMdp-v0`.
///
/// # Description
/// Each action in each state leads to all states, with probabilities drawn uniformly from all that there are (a flat
/// Dirichlet distribution), and has a normal reward whose mean is drawn too. Both are the task.
///
/// # Action space
/// `Discrete(actions)`.
///
/// # Observation space
/// `Discrete(states)`, one-hot: the state.
///
/// # Rewards
/// Normal with deviation `reward_noise` around a mean that is itself normal: around `reward_mean`, with deviation
/// `reward_deviation`. With the defaults a random player gets 10 an episode and one who knows the process 21.8.
///
/// # Starting state
/// State 0.
///
/// # Episode end
/// Truncated after `max_episode_steps`, 10. Lifetimes are counted in episodes, 10 by default.
///
/// # Arguments
/// The fields below.
///
/// # Differences from the source
/// None that is known. Some ports show the number of the state instead of a one-hot vector.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandomMdps {
    /// How many states there are.
    pub states: usize,
    /// How many actions.
    pub actions: usize,
    /// Mean of the mean rewards.
    pub reward_mean: f64,
    /// Standard deviation of the mean rewards.
    pub reward_deviation: f64,
    /// Standard deviation of a reward around its mean.
    pub reward_noise: f64,
    /// An episode is truncated after so many steps.
    pub max_episode_steps: u64,
}

impl Default for RandomMdps {
    fn default() -> Self {
        RandomMdps {
            states: 10,
            actions: 5,
            reward_mean: 1.0,
            reward_deviation: 1.0,
            reward_noise: 1.0,
            max_episode_steps: 10,
        }
    }
}

/// Draws `count` numbers that sum to 1, uniformly from all such: exponential numbers divided by their sum.
fn draw_probabilities(count: usize, rng: &mut Rng) -> Vec<f64> {
    let drawn: Vec<f64> = (0..count).map(|_| -libm::log(1.0 - rng.random::<f64>())).collect();
    let sum: f64 = drawn.iter().sum();
    // All numbers are 0 with a probability that is not worth a thought, and then anything will do.
    if sum > 0.0 { drawn.iter().map(|x| x / sum).collect() } else { vec![1.0 / count as f64; count] }
}

impl RandomMdps {
    fn draw_row(&self, rng: &mut Rng) -> Vec<Outcome> {
        let reward = self.reward_mean + self.reward_deviation * rng.sample::<f64, _>(StandardNormal);
        let probabilities = draw_probabilities(self.states, rng).into_iter().enumerate();
        let outcome = |(next, probability)| Outcome {
            deviation: self.reward_noise,
            ..Outcome::certain(next, reward).with_probability(probability)
        };
        probabilities.map(outcome).collect()
    }
}

impl TaskDistribution for RandomMdps {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        let rows: Vec<_> = (0..self.states * self.actions).map(|_| self.draw_row(rng)).collect();
        match Table::new(self.actions, &rows, super::start_in(0, self.states)) {
            Ok(table) => Box::new(TimeLimit::new(TabularEnvironment::new(table), self.max_episode_steps)),
            Err(error) => panic!("{error}; Family::check would have said so"),
        }
    }
}

impl Family for RandomMdps {
    fn check(&self) -> Result<(), String> {
        for (name, count) in [("states", self.states), ("actions", self.actions)] {
            if count == 0 {
                return Err(format!("`{name}` is 0: at least 1 is needed"));
            }
        }
        let outcomes = self.states.checked_mul(self.states).and_then(|pairs| pairs.checked_mul(self.actions));
        if outcomes.is_none_or(|outcomes| outcomes > MAX_OUTCOMES) {
            let (states, actions) = (self.states, self.actions);
            return Err(format!(
                "`states` is {states} and `actions` {actions}: states times states times actions may be {MAX_OUTCOMES} at most"
            ));
        }
        super::check_finite("reward_mean", self.reward_mean)?;
        for (name, deviation) in [("reward_deviation", self.reward_deviation), ("reward_noise", self.reward_noise)] {
            super::check_deviation(name, deviation)?;
        }
        super::check_limit(self.max_episode_steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    fn mean_and_deviation(numbers: &[f64]) -> (f64, f64) {
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        (mean, (numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / numbers.len() as f64).sqrt())
    }

    #[test]
    fn probabilities_are_those_of_a_flat_dirichlet_distribution() {
        let mut rng = stream(0, "random mdp", &[]);
        let first: Vec<f64> = (0..10_000).map(|_| draw_probabilities(10, &mut rng)[0]).collect();
        // A coordinate is beta(1, 9): mean 0.1, variance 9 / 1100, so a standard deviation of 0.0905.
        let (mean, deviation) = mean_and_deviation(&first);
        assert!((mean - 0.1).abs() < 0.004 && (deviation - 0.0905).abs() < 0.004, "{mean} {deviation}");
    }

    #[test]
    fn mean_rewards_are_normal_around_one_and_who_knows_the_process_gets_21_8() {
        let (mut rewards, mut returns) = (Vec::new(), Vec::new());
        for index in 0..400 {
            let task = RandomMdps::default().sample(&mut stream(0, "random mdp", &[index]));
            let table = task.table().unwrap();
            returns.push(table.start_value(table.plan(10, 1.0).values(10)));
            rewards.push(table.outcomes(3, 2)[0].reward);
            assert!(
                table.outcomes(3, 2).iter().all(|o| o.reward == table.outcomes(3, 2)[4].reward && o.deviation == 1.0)
            );
        }
        let (mean, deviation) = mean_and_deviation(&rewards);
        assert!((mean - 1.0).abs() < 0.2 && (deviation - 1.0).abs() < 0.15, "{mean} {deviation}: standard error 0.05");
        // Ten episodes are worth 217.6 to one who knows the process, by an independent simulation.
        let (mean, deviation) = mean_and_deviation(&returns);
        assert!((mean - 21.76).abs() < 4.0 * deviation / 20.0, "{mean}: standard error {}", deviation / 20.0);
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let refuse = |family: RandomMdps| family.check().unwrap_err();
        assert!(refuse(RandomMdps { states: 0, ..RandomMdps::default() }).contains("`states` is 0"));
        assert!(refuse(RandomMdps { states: 1_000, actions: 2, ..RandomMdps::default() }).contains("at most"));
        assert!(refuse(RandomMdps { states: usize::MAX, ..RandomMdps::default() }).contains("at most"));
        assert!(refuse(RandomMdps { reward_noise: -1.0, ..RandomMdps::default() }).contains("`reward_noise` is -1"));
        assert!(refuse(RandomMdps { reward_mean: f64::INFINITY, ..RandomMdps::default() }).contains("`reward_mean`"));
        assert!(refuse(RandomMdps { max_episode_steps: 0, ..RandomMdps::default() }).contains("`max_episode_steps`"));
    }
}
