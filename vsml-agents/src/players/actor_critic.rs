//! What REINFORCE and PPO have in common: an actor, a critic, and the settings of both players.
//!
//! Both players know nothing when a life begins. They see observations alone, act by drawing from a policy network, the
//! actor, and remember what they saw, did and got. From time to time the remembered steps are learnt from and forgotten.
//! What was done is judged by how much better it turned out than a second network, the critic, had expected (`rollout.rs`).
//!
//! The gradient over a batch is shortened to a length of 0.5 where it is longer, over both networks together, and followed
//! by Adam with an ε of 1e-5 (Huang et al. 2022, details 3 and 11). Nothing is allocated after a life has begun.

use super::perceptron::Perceptron;
use super::policy::Policy;
use super::rollout::Rollout;
use crate::learner::Unable;
use crate::optimizers::Adam;
use vsml_envs::{Action, Percept, Rng, Space};

/// The gradient's greatest length.
const MAX_GRADIENT_NORM: f32 = 0.5;
/// Adam divides by the root of its second moment plus 1e-8. Adding 1e-5 to it is the same as dividing gradients by a
/// thousand first.
const GRADIENT_UNIT: f32 = 1e-3;
/// More hidden units than this are refused: drawing orthogonal weights takes their third power.
const MAX_HIDDEN: usize = 1024;
/// More steps than this are not remembered.
const MAX_ROLLOUT: usize = 1 << 16;
/// More numbers than this are not remembered, and no layer has more weights: 64 MiB.
const MAX_REMEMBERED: usize = 1 << 24;

/// Settings of a player that learns by policy gradients while it lives.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyGradientConfig {
    /// Size of Adam's steps.
    pub learning_rate: f32,
    /// Units in each of the two hidden layers, of the actor and of the critic; 1 to 1024.
    pub hidden: usize,
    /// Steps that are remembered at most, 8 to 65536: when there are so many, they are learnt from and forgotten.
    pub rollout: usize,
}

impl PolicyGradientConfig {
    /// Refuses settings that make no sense, by name.
    pub(super) fn check(&self) -> Result<(), String> {
        let PolicyGradientConfig { learning_rate, hidden, rollout } = *self;
        if !(learning_rate.is_finite() && learning_rate > 0.0) {
            return Err(format!("learning_rate is {learning_rate}: it must be a finite number above 0"));
        }
        if !(1..=MAX_HIDDEN).contains(&hidden) {
            return Err(format!("hidden is {hidden}: it must be 1 to {MAX_HIDDEN}"));
        }
        if !(8..=MAX_ROLLOUT).contains(&rollout) {
            return Err(format!("rollout is {rollout}: it must be 8 to {MAX_ROLLOUT}"));
        }
        Ok(())
    }
}

/// Actor and critic, and what is remembered: all that a life changes.
pub(super) struct Life {
    pub model: Model,
    pub rollout: Rollout,
}

impl Life {
    /// New networks that know nothing, and an empty memory.
    ///
    /// # Errors
    /// Settings out of range, actions of a kind that the policy does not know, more to remember than there is room for.
    pub fn begin(
        config: &PolicyGradientConfig,
        observation: &Space,
        action: &Space,
        rng: &mut Rng,
    ) -> Result<Self, Unable> {
        config.check().map_err(Unable)?;
        let policy = Policy::of(action)?;
        let (inputs, choice_len) = (observation.flat_len(), policy.choice_len());
        let numbers = config.rollout.saturating_mul(inputs.saturating_add(choice_len));
        let numbers = numbers.max(config.hidden.saturating_mul(inputs.saturating_add(policy.outputs())));
        if numbers > MAX_REMEMBERED {
            return Err(Unable(format!(
                "{inputs} inputs and {} outputs are too many for hidden={} and rollout={}: that makes {numbers} numbers, \
                 and at most {MAX_REMEMBERED} are allowed",
                policy.outputs(),
                config.hidden,
                config.rollout
            )));
        }
        let model = Model::new(policy, inputs, config.hidden, rng);
        let rollout = Rollout::new(config.rollout, inputs, choice_len, model.is_continuous());
        Ok(Life { model, rollout })
    }

    /// Chooses what to do and remembers it.
    ///
    /// # Errors
    /// Outputs that are not numbers.
    pub fn act(&mut self, percept: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        let Life { model, rollout } = self;
        let value = model.value(percept.observation);
        let choice = rollout.push(percept.observation, value);
        let log_probability = model.draw(percept.observation, rng, choice);
        rollout.set_log_probability(log_probability);
        if !(value.is_finite() && log_probability.is_finite()) {
            return Err(Unable("its weights have grown beyond all numbers: give a smaller learning_rate".into()));
        }
        Ok(model.policy.action())
    }
}

/// What the networks now make of a step that is remembered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Assessment {
    pub log_probability: f32,
    pub entropy: f32,
    pub value: f32,
}

/// An actor, a critic, and what moves their weights.
pub(super) struct Model {
    policy: Policy,
    actor: Perceptron,
    critic: Perceptron,
    /// The actor's, the logarithms of its deviations, the critic's.
    weights: Vec<f32>,
    /// Loss by each weight.
    gradient: Vec<f32>,
    adam: Adam,
    output_errors: Vec<f32>,
}

impl Model {
    fn new(policy: Policy, inputs: usize, hidden: usize, rng: &mut Rng) -> Self {
        let actor = Perceptron::new(inputs, hidden, policy.outputs());
        let critic = Perceptron::new(inputs, hidden, 1);
        // All actions are nearly equally likely at first.
        let mut weights = actor.draw(0.01, rng);
        weights.resize(weights.len() + policy.log_deviations(), 0.0);
        weights.extend(critic.draw(1.0, rng));
        let (gradient, adam) = (vec![0.0; weights.len()], Adam::new(weights.len()));
        let output_errors = vec![0.0; policy.outputs()];
        Model { policy, actor, critic, weights, gradient, adam, output_errors }
    }

    /// Whether actions are numbers.
    pub fn is_continuous(&self) -> bool {
        self.policy.log_deviations() > 0
    }

    /// What the critic expects.
    pub fn value(&mut self, observation: &[f32]) -> f32 {
        let critic = &self.weights[self.weights.len() - self.critic.weights()..];
        self.critic.forward(critic, observation)[0]
    }

    fn draw(&mut self, observation: &[f32], rng: &mut Rng, choice: &mut [f32]) -> f32 {
        let (actor, rest) = self.weights.split_at(self.actor.weights());
        let outputs = self.actor.forward(actor, observation);
        self.policy.draw(outputs, &rest[..self.policy.log_deviations()], rng, choice)
    }

    /// What the networks make of having chosen `choice` at `observation`.
    pub fn assess(&mut self, observation: &[f32], choice: &[f32]) -> Assessment {
        let value = self.value(observation);
        let (actor, rest) = self.weights.split_at(self.actor.weights());
        let outputs = self.actor.forward(actor, observation);
        let (log_probability, entropy) = self.policy.assess(outputs, &rest[..self.policy.log_deviations()], choice);
        Assessment { log_probability, entropy, value }
    }

    /// Adds to the gradient, given the loss by each number of the [`Assessment`] that was just made of the same step.
    pub fn backward(&mut self, observation: &[f32], choice: &[f32], loss_by: Assessment) {
        let (actor_len, deviations) = (self.actor.weights(), self.policy.log_deviations());
        let (actor, rest) = self.weights.split_at(actor_len);
        let (log_deviations, critic) = rest.split_at(deviations);
        let (to_actor, rest) = self.gradient.split_at_mut(actor_len);
        let (to_deviations, to_critic) = rest.split_at_mut(deviations);
        let by = (loss_by.log_probability, loss_by.entropy);
        let errors = &mut self.output_errors;
        self.policy.backward(self.actor.outputs(), log_deviations, choice, by, errors, to_deviations);
        self.actor.backward(actor, observation, errors, to_actor);
        self.critic.backward(critic, observation, &[loss_by.value], to_critic);
    }

    /// Moves down the gradient and makes it 0.
    pub fn descend(&mut self, learning_rate: f32) {
        let norm = self.gradient.iter().map(|slope| f64::from(*slope).powi(2)).sum::<f64>().sqrt() as f32;
        let shorten = MAX_GRADIENT_NORM / norm.max(MAX_GRADIENT_NORM);
        self.gradient.iter_mut().for_each(|slope| *slope *= -GRADIENT_UNIT * shorten);
        self.adam.ascend(&mut self.weights, &self.gradient, learning_rate);
        self.gradient.fill(0.0);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use rand::RngExt;
    use vsml_envs::{Feedback, stream};

    /// A life with a few remembered steps, all of them made up, whose weights are nothing special.
    pub fn remembered(action: &Space, steps: usize) -> Life {
        let mut rng = stream(1, "actor critic", &[]);
        let config = PolicyGradientConfig { learning_rate: 0.01, hidden: 5, rollout: steps };
        let observation = Space::uniform_box(-1.0, 1.0, 3);
        let mut life = Life::begin(&config, &observation, action, &mut rng).unwrap();
        life.model.weights.iter_mut().for_each(|weight| *weight += rng.random::<f32>() - 0.5);
        for step in 0..steps {
            let observation: Vec<f32> = (0..3).map(|_| 2.0 * rng.random::<f32>() - 1.0).collect();
            life.act(&Percept { observation: &observation, episode_begins: false }, &mut rng).unwrap();
            let reward = f64::from(rng.random::<f32>());
            life.rollout.feedback(&Feedback {
                reward,
                terminated: step % 7 == 3,
                truncated: step % 5 == 4,
                target: None,
            });
        }
        life.rollout.judge(0.3, 0.95);
        life
    }

    /// Holds the gradient that `loss` has added up against finite differences of the loss that it returns.
    pub fn compare_with_finite_differences(life: &mut Life, mut loss: impl FnMut(&mut Life) -> f32) {
        loss(life);
        let gradient = life.model.gradient.clone();
        assert!(gradient.iter().any(|slope| slope.abs() > 0.01), "{gradient:?}");
        let step = 4e-3;
        for (place, found) in gradient.iter().enumerate() {
            let kept = life.model.weights[place];
            let [more, less] = [kept + step, kept - step].map(|weight| {
                life.model.weights[place] = weight;
                loss(life)
            });
            life.model.weights[place] = kept;
            let slope = (more - less) / (2.0 * step);
            assert!((slope - found).abs() < 1e-3 + 0.01 * slope.abs(), "{place}: {found} instead of {slope}");
        }
    }

    #[test]
    fn a_long_gradient_is_shortened_and_followed_by_adam_with_its_larger_epsilon() {
        let mut model = remembered(&Space::discrete(2), 8).model;
        let before = model.weights.clone();
        model.gradient.fill(0.0);
        (model.gradient[0], model.gradient[1]) = (3e-5, -4e-5);
        model.descend(0.1);
        // Adam's first step is the learning rate times g / (|g| + ε).
        for (place, slope) in [(0, 3e-5), (1, -4e-5f32)] {
            let step = -0.1 * slope / (slope.abs() + 1e-5);
            assert!((model.weights[place] - before[place] - step).abs() < 1e-4, "{place}");
        }
        assert!(model.gradient.iter().all(|slope| *slope == 0.0) && model.weights[2..] == before[2..]);
        model.adam = Adam::new(before.len());
        (model.gradient[0], model.gradient[1]) = (30.0, 40.0);
        model.descend(0.1);
        let moment = [0.3, 0.4].map(|slope| (1.0 - 0.9) * GRADIENT_UNIT * -slope);
        assert!((model.adam.first_moment[0] - moment[0]).abs() < 1e-9, "{}", model.adam.first_moment[0]);
        assert!((model.adam.first_moment[1] - moment[1]).abs() < 1e-9);
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let config = PolicyGradientConfig { learning_rate: 0.01, hidden: 64, rollout: 1 << 16 };
        let wide = Space::uniform_box(0.0, 1.0, 5000);
        let refused = Life::begin(&config, &wide, &Space::discrete(2), &mut stream(1, "refused", &[]));
        assert!(refused.err().unwrap().0.contains("rollout=65536"));
    }
}
