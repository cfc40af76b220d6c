//! The way back through recorded lives of a VSML learner, for policy gradients.
//!
//! A life is lived again with the recorded actions in place of those drawn, on a tape, from the same initial states; what
//! each step's logits are worth to the loss is added on the way back. The critic's guess is a linear function of the last
//! layer's hidden states, averaged over its sub-RNNs after the acting tick, so that it fits networks of any shape as theta
//! does.

use super::recorder::Recorder;
use super::{Vsml, VsmlLearner};
use crate::learner::{Learner, Unable};
use crate::policy_gradient::{Outlook, Record, Relived};
use vsml_core::{Adjoint, Layout, State};
use vsml_envs::{OwnedAction, Percept};

/// Recorded lives, lived again.
pub(super) struct RelivedVsml {
    lives: Vec<(VsmlLearner, Recorder)>,
    /// The critic's weights and, last, its bias.
    critic: Vec<f32>,
    /// Of each life, for each step the mean hidden state of the last layer.
    means: Vec<Vec<f32>>,
    outlooks: Vec<Outlook>,
}

/// Numbers of the critic: a weight for each hidden unit of a sub-RNN, and a bias.
pub(super) fn critic_count(vsml: &Vsml) -> usize {
    vsml.sub_rnn.hidden_size + 1
}

impl RelivedVsml {
    /// Lives through `lives` again with theta and the critic behind it.
    ///
    /// # Errors
    /// If the learner cannot live such a life.
    pub fn new(vsml: &Vsml, parameters: &[f32], lives: &[&Record]) -> Result<Self, Unable> {
        if vsml.config.talk {
            return Err(Unable(
                "what networks say to each other cannot be lived again: use evolution strategies".into(),
            ));
        }
        let (theta, critic) = parameters.split_at(Layout::new(&vsml.sub_rnn).len());
        let mut relived =
            RelivedVsml { lives: Vec::new(), critic: critic.to_vec(), means: Vec::new(), outlooks: Vec::new() };
        lives.iter().try_for_each(|record| relived.live(vsml.vsml_learner(theta)?, record))?;
        Ok(relived)
    }

    fn live(&mut self, mut learner: VsmlLearner, record: &Record) -> Result<(), Unable> {
        record.check_draws()?;
        let (mut luck, mut outlook, mut means) = (record.luck.clone(), Outlook::default(), Vec::new());
        learner.recorder = Some(Recorder::new(0));
        learner.begin(&record.observation_space, &record.action_space, &mut luck)?;
        let (weights, bias) = self.critic.split_at(self.critic.len() - 1);
        for (step, feedback) in record.feedback.iter().enumerate() {
            let percept = Percept { observation: record.observation(step), episode_begins: record.begins[step] };
            learner.act(&percept, &mut luck)?;
            if let Some(life) = &mut learner.life {
                life.action = OwnedAction::Discrete(record.actions[step]);
                outlook.logits.extend(life.outputs.iter().map(|y| learner.config.logit_scale * y));
                let mean = mean_of_last_layer(&life.state, weights.len());
                outlook.values.push(bias[0] + mean.iter().zip(weights).map(|(x, w)| x * w).sum::<f32>());
                means.extend(mean);
            }
            learner.feedback(feedback);
        }
        let recorder = learner.recorder.take().unwrap_or_else(|| Recorder::new(0));
        self.lives.push((learner, recorder));
        self.means.push(means);
        self.outlooks.push(outlook);
        Ok(())
    }
}

/// Number of the last layer, and how many sub-RNNs it has.
fn last_layer(state: &State) -> (usize, usize) {
    let layers = state.topology().layers();
    (layers.len() - 1, layers.last().map_or(0, |layer| layer.sub_rnns()))
}

fn mean_of_last_layer(state: &State, hidden_size: usize) -> Vec<f32> {
    let (layer, count) = last_layer(state);
    let mut mean = vec![0.0; hidden_size];
    for sub_rnn in 0..count {
        mean.iter_mut().zip(state.hidden(layer, sub_rnn)).for_each(|(mean, x)| *mean += x);
    }
    mean.iter_mut().for_each(|mean| *mean /= count as f32);
    mean
}

impl Relived for RelivedVsml {
    fn outlooks(&self) -> &[Outlook] {
        &self.outlooks
    }

    fn go_back(&self, of_outlooks: &[Outlook]) -> Vec<f64> {
        let Some((first, _)) = self.lives.first() else { return Vec::new() };
        let mut of_critic = vec![0.0; self.critic.len()];
        let mut of_theta = vec![0.0; Layout::new(first.sub_rnn.config()).len()];
        let weights = &self.critic[..self.critic.len() - 1];
        for (((learner, recorder), means), of) in self.lives.iter().zip(&self.means).zip(of_outlooks) {
            let Some(life) = &learner.life else { continue };
            let Ok(mut adjoint) = Adjoint::zeros(&learner.sub_rnn, life.state.topology()) else { continue };
            let actions = life.outputs.len();
            let (layer, count) = last_layer(&life.state);
            recorder.retrace(&learner.sub_rnn, &mut adjoint, |step, outputs, adjoint| {
                let scale = learner.config.logit_scale;
                let of_outputs: Vec<f32> = of.logits[step * actions..][..actions].iter().map(|x| scale * x).collect();
                learner.sub_rnn.add_of_outputs(outputs, &of_outputs, adjoint);
                let of_value = of.values[step];
                let mean = &means[step * weights.len()..][..weights.len()];
                of_critic.iter_mut().zip(mean.iter().chain(&[1.0])).for_each(|(of, x)| *of += f64::from(of_value * x));
                let share = of_value / count as f32;
                for sub_rnn in 0..count {
                    let hidden = adjoint.state_mut().hidden_mut(layer, sub_rnn);
                    hidden.iter_mut().zip(weights).for_each(|(of, w)| *of += share * w);
                }
            });
            of_theta.iter_mut().zip(adjoint.theta()).for_each(|(of, g)| *of += g);
        }
        of_theta.extend(of_critic);
        of_theta
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learner::{MetaLearner, live};
    use crate::policy_gradient::Recorded;
    use crate::vsml::VsmlConfig;
    use vsml_core::{BackwardPass, Kernel};
    use vsml_envs::{LifetimeKey, Registry, Split, stream};

    fn lived(config: VsmlConfig) -> (Vsml, Vec<f32>, Vec<Record>) {
        let vsml = Vsml::new(config, Kernel::detect()).unwrap();
        let mut parameters = vsml.initialise(&mut stream(1, "theta", &[]));
        let tasks = Registry::builtin().make("HeartsAndTraps-v0:size=3,steps=15").unwrap();
        let records = (0..3).map(|lifetime| {
            let key = LifetimeKey { seed: 1, split: Split::Train, generation: 0, member: 0, lifetime };
            let mut learner = vsml.learner(&parameters).unwrap();
            let mut recorded = Recorded::new(&mut *learner);
            live(&mut recorded, &mut tasks.begin(&key).unwrap(), &mut key.stream("learner"), |_| {}).unwrap();
            recorded.record().unwrap()
        });
        let records = records.collect();
        parameters.extend((0..critic_count(&vsml)).map(|i| 0.2 * i as f32 - 0.5));
        (vsml, parameters, records)
    }

    fn configs() -> Vec<VsmlConfig> {
        let small = VsmlConfig { hidden_size: 6, message_size: 3, logit_scale: 2.0, ..VsmlConfig::default() };
        vec![
            VsmlConfig { hidden_layers: vec![3], ..small.clone() },
            VsmlConfig { feedback_tick: false, ..small.clone() },
            VsmlConfig { backward_pass: BackwardPass::Same, hidden_layers: vec![2], ..small },
        ]
    }

    #[test]
    fn a_life_lived_again_is_the_same_life() {
        for config in configs() {
            let (vsml, parameters, records) = lived(config);
            for record in &records {
                let relived = RelivedVsml::new(&vsml, &parameters, &[record]).unwrap();
                let (learner, _) = &relived.lives[0];
                let actions = record.action_count();
                // The learner lives with the same luck, so what it would draw is what it drew.
                let last = &relived.outlooks[0].logits[(record.len() - 1) * actions..];
                let mut p = vec![0.0; actions];
                vsml_core::softmax(last, 1.0, &mut p);
                for (found, expected) in p.iter().zip(learner.probabilities()) {
                    assert!((found - expected).abs() < 1e-6);
                }
                let mut again = vsml.vsml_learner(&parameters[..vsml.parameter_count()]).unwrap();
                let mut luck = record.luck.clone();
                again.begin(&record.observation_space, &record.action_space, &mut luck).unwrap();
                for step in 0..record.len() {
                    let percept =
                        Percept { observation: record.observation(step), episode_begins: record.begins[step] };
                    let action = again.act(&percept, &mut luck).unwrap();
                    assert_eq!(action, vsml_envs::Action::Discrete(record.actions[step]));
                    let logits = &relived.outlooks[0].logits[step * actions..][..actions];
                    vsml_core::softmax(logits, 1.0, &mut p);
                    p.iter().zip(again.probabilities()).for_each(|(a, b)| assert!((a - b).abs() < 1e-6));
                    again.feedback(&record.feedback[step]);
                }
            }
        }
    }

    #[test]
    fn the_way_back_agrees_with_finite_differences() {
        for config in configs() {
            let (vsml, mut parameters, records) = lived(config);
            let records: Vec<&Record> = records.iter().collect();
            let weight = |i: usize| ((i * 7) % 13) as f32 / 13.0 - 0.4;
            let numbers = |outlook: &Outlook| outlook.logits.iter().chain(&outlook.values).copied().collect::<Vec<_>>();
            let worth = |parameters: &[f32]| -> f64 {
                let relived = RelivedVsml::new(&vsml, parameters, &records).unwrap();
                let of =
                    |outlook| numbers(outlook).iter().enumerate().map(|(i, x)| f64::from(weight(i) * x)).sum::<f64>();
                relived.outlooks.iter().map(of).sum()
            };
            let relived = RelivedVsml::new(&vsml, &parameters, &records).unwrap();
            let of = |outlook: &Outlook| Outlook {
                logits: (0..outlook.logits.len()).map(weight).collect(),
                values: (0..outlook.values.len()).map(|i| weight(outlook.logits.len() + i)).collect(),
            };
            let gradient = relived.go_back(&relived.outlooks.iter().map(of).collect::<Vec<_>>());
            assert_eq!(gradient.len(), parameters.len());
            let size = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
            for index in (0..parameters.len()).step_by(11).chain([parameters.len() - 1]) {
                let here = parameters[index];
                let mut at = |x: f32| {
                    parameters[index] = x;
                    worth(&parameters)
                };
                let expected = (at(here + 1e-3) - at(here - 1e-3)) / 2e-3;
                at(here);
                let found = gradient[index];
                assert!((found - expected).abs() < 2e-3 * size, "{index}: {found} instead of {expected}, of {size}");
            }
        }
    }
}
