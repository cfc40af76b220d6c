//! Policy gradients over whole lifetimes: how RL² was trained (Duan et al. 2016, Wang et al. 2016).
//!
//! To a policy gradient, a lifetime is one long episode: the learner's memory is part of the policy, its episodes are part
//! of the world, and the gradient goes through time, from the reward of the last step to what was remembered at the first.
//! A generation is
//!
//! 1. **to live**: some lives with theta as it is, each recorded ([`Record`]);
//! 2. **to live again** ([`MetaLearner::relive`](crate::MetaLearner::relive)): what the learner thought at each step, as an
//!    [`Outlook`]: logits, and what a critic expects of the rest of the life;
//! 3. **to judge** each action by its advantage (Schulman et al. 2016, arXiv 1506.02438, equation 16), with discount γ and
//!    smoothing λ, rewards r, values V, and V = 0 behind the last step:
//!
//!    ```text
//!    δ_t = r_t + γ V_{t+1} - V_t        A_t = δ_t + γ λ A_{t+1}        R_t = A_t + V_t
//!    ```
//!
//! 4. **to move**, some times over the same lives, down the gradient of a loss. With ρ the probability of the action taken
//!    now over that when it was taken, and H the entropy of the policy, PPO's is the mean over all steps of (Schulman et al.
//!    2017, arXiv 1707.06347, equations 7 and 9)
//!
//!    ```text
//!    - min(ρ A, clip(ρ, 1 - ε, 1 + ε) A) + c_v ½ (V - R)² - c_e H
//!    ```
//!
//!    and A2C's (Mnih et al. 2016, arXiv 1602.01783, without the asynchrony) is the same where ρ is 1: one move over all
//!    lives at once (Huang et al. 2022, arXiv 2205.09123).
//!
//! Advantages are standardised over the generation. The critic guesses returns less their mean, over their deviation, both as
//! running means over generations, so that neither the unit of reward nor the length of a life matters to the step size.

mod record;

pub use record::Record;
pub(crate) use record::Recorded;

/// What a learner thought at each step of a life; or the derivatives of a loss with respect to that.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outlook {
    /// Steps × actions: before the softmax that the policy is.
    pub logits: Vec<f32>,
    /// Steps: what the critic expected of the rest of the life, standardised; 0 where there is no critic.
    pub values: Vec<f32>,
}

/// Lives lived again.
pub trait Relived {
    /// What the learner thought, for each life.
    fn outlooks(&self) -> &[Outlook];

    /// Takes the derivatives of a loss with respect to each number of the outlooks back through time, to those with respect
    /// to the meta-parameters and, behind them, the critic's numbers.
    fn go_back(&self, of_outlooks: &[Outlook]) -> Vec<f64>;
}

/// Advantages and returns of a life, from its rewards and the critic's values (equation above).
pub(crate) fn judge(rewards: &[f64], values: &[f64], discount: f64, smoothing: f64) -> (Vec<f64>, Vec<f64>) {
    let mut advantages = vec![0.0; rewards.len()];
    let (mut next_value, mut advantage) = (0.0, 0.0);
    for step in (0..rewards.len()).rev() {
        let surprise = rewards[step] + discount * next_value - values[step];
        advantage = surprise + discount * smoothing * advantage;
        advantages[step] = advantage;
        next_value = values[step];
    }
    let returns = advantages.iter().zip(values).map(|(advantage, value)| advantage + value).collect();
    (advantages, returns)
}

/// The weights of the parts of the loss.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weights {
    /// ε; infinite: no clipping.
    pub clip: f64,
    pub value: f64,
    pub entropy: f64,
}

/// What a step is judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    pub action: usize,
    /// Logarithm of the action's probability when it was taken.
    pub log_probability: f64,
    /// Standardised.
    pub advantage: f64,
    /// Standardised as the critic's values are.
    pub target: f64,
}

/// Logarithms of the softmax of `logits`.
pub(crate) fn log_softmax(logits: &[f32], output: &mut Vec<f64>) {
    let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| libm::exp(f64::from(logit - greatest))).sum();
    let log_sum = f64::from(greatest) + libm::log(sum);
    output.clear();
    output.extend(logits.iter().map(|logit| f64::from(*logit) - log_sum));
}

/// The loss of a life, summed over its steps, and its derivatives times `scale`.
pub(crate) fn loss(outlook: &Outlook, verdicts: &[Verdict], weights: &Weights, scale: f64) -> (f64, Outlook) {
    let actions = outlook.logits.len() / verdicts.len().max(1);
    let mut of = Outlook { logits: Vec::with_capacity(outlook.logits.len()), values: Vec::new() };
    let (mut total, mut log_p) = (0.0, Vec::new());
    for ((logits, value), verdict) in outlook.logits.chunks_exact(actions.max(1)).zip(&outlook.values).zip(verdicts) {
        log_softmax(logits, &mut log_p);
        let entropy: f64 = -log_p.iter().map(|l| libm::exp(*l) * l).sum::<f64>();
        let ratio = libm::exp(log_p[verdict.action] - verdict.log_probability);
        let advantage = verdict.advantage;
        let clipped = ratio.clamp(1.0 - weights.clip, 1.0 + weights.clip) * advantage;
        let error = f64::from(*value) - verdict.target;
        total += -clipped.min(ratio * advantage) + 0.5 * weights.value * error * error - weights.entropy * entropy;
        // Where the clipped one is less, it does not depend on the policy.
        let pull = if clipped < ratio * advantage { 0.0 } else { ratio * advantage };
        of.logits.extend(log_p.iter().enumerate().map(|(action, log)| {
            let p = libm::exp(*log);
            let taken = if action == verdict.action { 1.0 } else { 0.0 };
            (scale * (pull * (p - taken) + weights.entropy * p * (log + entropy))) as f32
        }));
        of.values.push((scale * weights.value * error) as f32);
    }
    (total, of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advantages_are_those_on_paper() {
        // γ = 1/2, λ = 1/2: δ = [1 + 1 - 1, 0 + 2 - 2, 4 - 4], A_2 = 0, A_1 = 0, A_0 = 1.
        let (advantages, returns) = judge(&[1.0, 0.0, 4.0], &[1.0, 2.0, 4.0], 0.5, 0.5);
        assert_eq!((advantages, returns), (vec![1.0, 0.0, 0.0], vec![2.0, 2.0, 4.0]));
        // λ = 1: returns are discounted sums, whatever the critic thinks.
        let (_, returns) = judge(&[1.0, 2.0, 4.0], &[9.0, -3.0, 5.0], 0.5, 1.0);
        assert_eq!(returns, [1.0 + 0.5 * (2.0 + 0.5 * 4.0), 2.0 + 0.5 * 4.0, 4.0]);
    }

    #[test]
    fn derivatives_are_those_of_the_loss() {
        let weights = Weights { clip: 0.2, value: 0.5, entropy: 0.03 };
        let outlook = Outlook { logits: vec![0.5, -0.25, 1.0, 0.0, 0.75, -1.0], values: vec![0.3, -0.6] };
        for old in [[-1.0, -0.5], [-0.2, -2.5], [-1.3, -0.55]] {
            let verdicts = [(1, 0.7, 1.0), (1, -1.5, 0.5)].map(|(action, advantage, target)| {
                let log_probability = old[usize::from(advantage < 0.0)];
                Verdict { action, log_probability, advantage, target }
            });
            let (_, of) = loss(&outlook, &verdicts, &weights, 2.0);
            let at = |index: usize, change: f32| {
                let mut moved = outlook.clone();
                match index.checked_sub(6) {
                    None => moved.logits[index] += change,
                    Some(index) => moved.values[index] += change,
                }
                loss(&moved, &verdicts, &weights, 1.0).0
            };
            let found: Vec<f32> = of.logits.iter().chain(&of.values).copied().collect();
            for (index, found) in found.into_iter().enumerate() {
                let expected = 2.0 * (at(index, 1e-3) - at(index, -1e-3)) / 2e-3;
                assert!((f64::from(found) - expected).abs() < 2e-3, "{old:?} {index}: {found} instead of {expected}");
            }
        }
    }

    #[test]
    fn beyond_the_clip_there_is_no_pull() {
        let weights = Weights { clip: 0.2, value: 0.0, entropy: 0.0 };
        let outlook = Outlook { logits: vec![0.0, 0.0], values: vec![0.0] };
        let pull = |probability: f64, advantage: f64| {
            let log_probability = probability.ln();
            loss(&outlook, &[Verdict { action: 0, log_probability, advantage, target: 0.0 }], &weights, 1.0).1.logits[0]
        };
        // The probability is 1/2 now.
        assert!(pull(0.5, 1.0) < 0.0 && pull(0.5, -1.0) > 0.0);
        assert_eq!((pull(0.3, 1.0), pull(0.9, -1.0)), (0.0, 0.0));
        assert!(pull(0.9, 1.0) < 0.0 && pull(0.3, -1.0) > 0.0);
    }
}
