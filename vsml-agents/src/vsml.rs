//! The VSML learner: a network of sub-RNNs as a policy (SymLA, Kirsch et al. 2022, arXiv 2109.10781).
//!
//! An observation goes into the first layer's forward messages, one number per neuron. The last action goes, one-hot, into
//! the last layer's backward messages; reward and two flags go to every sub-RNN as extras. The last layer's forward
//! messages hold logits, from whose softmax an action is drawn, or, for continuous actions, means.
//!
//! **The feedback tick** is an addition of this project. Without it, a sub-RNN reads the action it took and the reward it
//! got together with the *next* observation, one step after the observation that they belong to. With it, there are two
//! ticks a step: one with the observation, to act; and, after the environment has answered, one with the same observation,
//! the action just taken and the reward, to learn. Cause and consequence meet in the cell.
//!
//! | | forward messages | backward messages | extras |
//! |---|---|---|---|
//! | acting | observation | 0, or the last action if there is no feedback tick | reward (0, or the last one if there is no feedback tick), episode begins, 0 |
//! | feedback | the same observation | the action taken | reward, episode ended, 1 |
//!
//! Nothing here depends on the numbers of inputs and outputs: permuting observations or actions, with the initial states
//! permuted along, permutes the behaviour and nothing else.

use crate::learner::{Learner, MetaLearner, Unable};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use vsml_core::{Aggregation, Kernel, Layout, State, SubRnn, SubRnnConfig, Topology};
use vsml_envs::{Action, Feedback, OwnedAction, Percept, Rng, Space};

/// Which number of a message carries observations in and actions back.
const INPUT_COMPONENT: usize = 0;

/// The configuration of a VSML learner. The default is this project's setting; [`VsmlConfig::symla`] is the paper's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VsmlConfig {
    /// Neurons in each layer between inputs and outputs; empty for none. At least 1 each.
    pub hidden_layers: Vec<usize>,
    /// Hidden units N of each sub-RNN; 1 to 64.
    pub hidden_size: usize,
    /// Numbers M in a message; 1 to 64, at least 2.
    pub message_size: usize,
    /// Updates of each sub-RNN within one tick; 1 to 64.
    pub micro_ticks: usize,
    /// Whether sub-RNNs also read their own layer's last messages.
    pub recurrent_messages: bool,
    /// `mean` or `sum` of messages. With `mean`, what was learnt in a small network carries over to a large one.
    pub aggregation: Aggregation,
    /// Whether a second tick follows the environment's answer.
    pub feedback_tick: bool,
    /// Factor by which logits are multiplied before the softmax; above 0.
    pub logit_scale: f32,
    /// Factor by which the means of continuous actions are multiplied before tanh; above 0.
    pub action_scale: f32,
    /// Deviation of the normal noise on continuous actions, in units of half the action's range; 0 or more.
    pub action_noise: f32,
}

impl Default for VsmlConfig {
    fn default() -> Self {
        VsmlConfig {
            hidden_layers: Vec::new(),
            hidden_size: 16,
            message_size: 8,
            micro_ticks: 1,
            recurrent_messages: true,
            aggregation: Aggregation::Mean,
            feedback_tick: true,
            logit_scale: 10.0,
            action_scale: 10.0,
            action_noise: 0.1,
        }
    }
}

impl VsmlConfig {
    /// The paper's learner (SymLA), with the flag for an episode's beginning added: messages are summed, two micro ticks,
    /// no feedback tick, logits as they come.
    pub fn symla() -> Self {
        VsmlConfig {
            micro_ticks: 2,
            aggregation: Aggregation::Sum,
            feedback_tick: false,
            logit_scale: 1.0,
            action_scale: 1.0,
            ..VsmlConfig::default()
        }
    }

    /// The sub-RNN that this learner is made of.
    ///
    /// # Errors
    /// A value out of range, by name.
    pub fn sub_rnn(&self) -> Result<SubRnnConfig, Unable> {
        let config = SubRnnConfig {
            hidden_size: self.hidden_size,
            message_size: self.message_size,
            micro_ticks: self.micro_ticks,
            extras: if self.feedback_tick { 3 } else { 2 },
            recurrent_messages: self.recurrent_messages,
            aggregation: self.aggregation,
            ..SubRnnConfig::symla()
        };
        config.check().map_err(|error| Unable(error.to_string()))?;
        for (field, value, least) in [
            ("logit_scale", self.logit_scale, f32::MIN_POSITIVE),
            ("action_scale", self.action_scale, f32::MIN_POSITIVE),
            ("action_noise", self.action_noise, 0.0),
        ] {
            if !(value.is_finite() && value >= least) {
                let range = if least > 0.0 { "above 0" } else { "0 or more" };
                return Err(Unable(format!("{field} is {value}: it must be a finite number {range}")));
            }
        }
        if self.hidden_layers.contains(&0) {
            return Err(Unable(format!("hidden_layers is {:?}: a layer has at least 1 neuron", self.hidden_layers)));
        }
        Ok(config)
    }
}

/// Makes VSML learners from meta-parameters.
pub struct Vsml {
    config: VsmlConfig,
    sub_rnn: SubRnnConfig,
    kernel: Kernel,
}

impl Vsml {
    /// Checks the configuration and the kernel.
    ///
    /// # Errors
    /// A value out of range, by name; a kernel that this processor does not run.
    pub fn new(config: VsmlConfig, kernel: Kernel) -> Result<Self, Unable> {
        let sub_rnn = config.sub_rnn()?;
        let zeros = vec![0.0; Layout::new(&sub_rnn).len()];
        SubRnn::new(&sub_rnn, &zeros, kernel).map_err(|error| Unable(error.to_string()))?;
        Ok(Vsml { config, sub_rnn, kernel })
    }

    /// The sub-RNN's configuration, for files.
    pub fn sub_rnn(&self) -> &SubRnnConfig {
        &self.sub_rnn
    }

    /// Makes the learner that `theta` is, as its own type.
    ///
    /// # Errors
    /// If `theta` has another length than [`MetaLearner::parameter_count`].
    pub fn vsml_learner(&self, theta: &[f32]) -> Result<VsmlLearner, Unable> {
        let sub_rnn = SubRnn::new(&self.sub_rnn, theta, self.kernel).map_err(|error| Unable(error.to_string()))?;
        Ok(VsmlLearner { config: self.config.clone(), sub_rnn: Arc::new(sub_rnn), life: None })
    }
}

impl MetaLearner for Vsml {
    fn parameter_count(&self) -> usize {
        Layout::new(&self.sub_rnn).len()
    }

    fn initialise(&self, rng: &mut Rng) -> Vec<f32> {
        Layout::new(&self.sub_rnn).initialise(rng)
    }

    fn learner(&self, theta: &[f32]) -> Result<Box<dyn Learner>, Unable> {
        Ok(Box::new(self.vsml_learner(theta)?))
    }
}

/// A network of sub-RNNs, living.
pub struct VsmlLearner {
    config: VsmlConfig,
    sub_rnn: Arc<SubRnn>,
    life: Option<Life>,
}

/// What belongs to one life: the state, and the buffers between it and the environment.
struct Life {
    state: State,
    observation_len: usize,
    action_space: Space,
    action: OwnedAction,
    /// The action as the network is told of it: one-hot, or scaled to ±1.
    action_message: Vec<f32>,
    /// Logits or means, as they come out of the network.
    outputs: Vec<f32>,
    /// Softmax of the scaled logits.
    probabilities: Vec<f32>,
    last_reward: f32,
    acted: bool,
}

impl VsmlLearner {
    /// The probabilities of the discrete actions, as of the last action; empty before it and for continuous actions.
    pub fn probabilities(&self) -> &[f32] {
        self.life.as_ref().map_or(&[], |life| &life.probabilities)
    }

    /// The network's state, once a life has begun.
    pub fn state_mut(&mut self) -> Option<&mut State> {
        self.life.as_mut().map(|life| &mut life.state)
    }
}

impl Learner for VsmlLearner {
    fn begin(&mut self, observation: &Space, action: &Space, rng: &mut Rng) -> Result<(), Unable> {
        let outputs = match action {
            Space::Discrete { n } => *n,
            Space::Box { low, .. } => low.len(),
            Space::MultiDiscrete { .. } | Space::MultiBinary { .. } => {
                return Err(Unable("a VSML learner acts in Discrete and Box action spaces".into()));
            }
        };
        let same = |life: &&mut Life| life.observation_len == observation.flat_len() && life.action_space == *action;
        if let Some(life) = self.life.as_mut().filter(same) {
            life.state.randomise(rng);
            life.begin();
            return Ok(());
        }
        let mut sizes = vec![observation.flat_len()];
        sizes.extend(&self.config.hidden_layers);
        sizes.push(outputs);
        let topology = Topology::dense(&sizes).map_err(|error| Unable(error.to_string()))?;
        self.life = Some(Life {
            state: self.sub_rnn.new_state(&topology, rng).map_err(|error| Unable(error.to_string()))?,
            observation_len: observation.flat_len(),
            action_space: action.clone(),
            action: action.zero(),
            action_message: vec![0.0; outputs],
            outputs: vec![0.0; outputs],
            probabilities: if matches!(action, Space::Discrete { .. }) { vec![0.0; outputs] } else { Vec::new() },
            last_reward: 0.0,
            acted: false,
        });
        Ok(())
    }

    fn act(&mut self, percept: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        let life = self.life.as_mut().ok_or_else(|| Unable("no life has begun".into()))?;
        life.state.write_forward(INPUT_COMPONENT, percept.observation);
        if self.config.feedback_tick {
            life.action_message.fill(0.0);
        }
        life.tick(&self.sub_rnn, [life.last_reward, flag(percept.episode_begins), 0.0]);
        self.sub_rnn.read_outputs(&life.state, &mut life.outputs);
        if let Some(bad) = life.outputs.iter().find(|y| !y.is_finite()) {
            return Err(Unable(format!("the network's output is {bad}")));
        }
        life.choose(&self.config, rng);
        life.acted = true;
        Ok(life.action.borrow())
    }

    fn feedback(&mut self, feedback: &Feedback) {
        let Some(life) = self.life.as_mut().filter(|life| life.acted) else { return };
        let reward = feedback.reward as f32;
        life.describe_action();
        if self.config.feedback_tick {
            life.tick(&self.sub_rnn, [reward, flag(feedback.episode_ended()), 1.0]);
        } else {
            life.last_reward = reward;
        }
    }
}

impl Life {
    fn begin(&mut self) {
        self.action_message.fill(0.0);
        self.probabilities.fill(0.0);
        self.last_reward = 0.0;
        self.acted = false;
    }

    /// One tick with the forward messages that are there, the action message, and as many extras as the sub-RNN reads.
    fn tick(&mut self, sub_rnn: &SubRnn, extras: [f32; 3]) {
        self.state.write_backward(INPUT_COMPONENT, &self.action_message);
        let slots = self.state.extras_mut();
        slots.copy_from_slice(&extras[..slots.len()]);
        sub_rnn.tick(&mut self.state);
    }

    /// Draws the action from the outputs, with one random number for a discrete action and one for each continuous number.
    fn choose(&mut self, config: &VsmlConfig, rng: &mut Rng) {
        match (&mut self.action, &self.action_space) {
            (OwnedAction::Discrete(index), _) => {
                softmax(&self.outputs, config.logit_scale, &mut self.probabilities);
                *index = draw(&self.probabilities, rng.random());
            }
            (OwnedAction::Continuous(numbers), Space::Box { low, high, .. }) => {
                for (i, number) in numbers.iter_mut().enumerate() {
                    let mean = (config.action_scale * self.outputs[i]).tanh();
                    let noise: f32 = rng.sample(StandardNormal);
                    let unit = (mean + config.action_noise * noise).clamp(-1.0, 1.0);
                    let (middle, half) = range(low[i], high[i]);
                    *number = (middle + half * unit).clamp(low[i], high[i]);
                }
            }
            _ => unreachable!("begin() admits discrete and box action spaces only"),
        }
    }

    /// Writes the action taken as the network is told of it.
    fn describe_action(&mut self) {
        match (&self.action, &self.action_space) {
            (OwnedAction::Discrete(index), _) => vsml_envs::write_one_hot(&mut self.action_message, *index),
            (OwnedAction::Continuous(numbers), Space::Box { low, high, .. }) => {
                for (i, number) in numbers.iter().enumerate() {
                    let (middle, half) = range(low[i], high[i]);
                    self.action_message[i] = if half > 0.0 { (number - middle) / half } else { 0.0 };
                }
            }
            _ => unreachable!("begin() admits discrete and box action spaces only"),
        }
    }
}

fn flag(set: bool) -> f32 {
    if set { 1.0 } else { 0.0 }
}

/// Middle and half of the range of a continuous action; ±1 around 0, or beside the one bound, where it is unbounded.
fn range(low: f32, high: f32) -> (f32, f32) {
    match (low.is_finite(), high.is_finite()) {
        (true, true) => (0.5 * low + 0.5 * high, 0.5 * high - 0.5 * low),
        (true, false) => (low + 1.0, 1.0),
        (false, true) => (high - 1.0, 1.0),
        (false, false) => (0.0, 1.0),
    }
}

/// Softmax of `scale * logits`; the greatest is taken away first, so that nothing overflows. Summed in `f64`, where the
/// order of the actions leaves no trace.
fn softmax(logits: &[f32], scale: f32, probabilities: &mut [f32]) {
    let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for (probability, logit) in probabilities.iter_mut().zip(logits) {
        *probability = (scale * (logit - greatest)).exp();
        sum += f64::from(*probability);
    }
    probabilities.iter_mut().for_each(|probability| *probability = (f64::from(*probability) / sum) as f32);
}

/// The first index at which the cumulated probability exceeds `uniform` in [0, 1); the last one that is possible where
/// rounding leaves the sum below it.
fn draw(probabilities: &[f32], uniform: f32) -> usize {
    let mut cumulated = 0.0;
    for (index, probability) in probabilities.iter().enumerate() {
        cumulated += probability;
        if uniform < cumulated {
            return index;
        }
    }
    probabilities.iter().rposition(|&probability| probability > 0.0).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use vsml_envs::stream;

    fn learner(config: VsmlConfig) -> VsmlLearner {
        let vsml = Vsml::new(config, Kernel::detect()).unwrap();
        let theta = vsml.initialise(&mut stream(1, "theta", &[]));
        vsml.vsml_learner(&theta).unwrap()
    }

    const SEEN: Percept<'_> = Percept { observation: &[0.3, -0.2], episode_begins: true };
    const REWARDED: Feedback = Feedback { reward: 1.0, terminated: false, truncated: false, target: None };

    #[test]
    fn draws_follow_the_probabilities() {
        let probabilities = [0.25, 0.0, 0.75];
        assert_eq!(draw(&probabilities, 0.0), 0);
        assert_eq!(draw(&probabilities, 0.25), 2);
        assert_eq!(draw(&probabilities, 0.999), 2);
        assert_eq!(draw(&[0.5, 0.4999999, 0.0], 0.99999999), 1, "never an action that is impossible");
        let mut softmaxed = [0.0; 2];
        softmax(&[1000.0, 1000.0 - 3f32.ln() / 10.0], 10.0, &mut softmaxed);
        assert!((softmaxed[0] - 0.75).abs() < 1e-3 && (softmaxed[1] - 0.25).abs() < 1e-3, "{softmaxed:?}");
    }

    #[test]
    fn continuous_actions_stay_within_bounds_and_reach_them() {
        let space =
            Space::Box { low: vec![-2.0, 0.0, f32::NEG_INFINITY], high: vec![6.0, f32::INFINITY, 1.0], shape: vec![3] };
        let mut learner = learner(VsmlConfig { action_noise: 2.0, ..VsmlConfig::default() });
        let mut rng = stream(2, "luck", &[]);
        learner.begin(&Space::uniform_box(-1.0, 1.0, 2), &space, &mut rng).unwrap();
        let mut extremes = [f32::MAX, f32::MIN];
        for _ in 0..200 {
            let action = learner.act(&SEEN, &mut rng).unwrap();
            assert!(space.contains(action), "{action:?}");
            extremes = [extremes[0].min(action.numbers()[0]), extremes[1].max(action.numbers()[0])];
            learner.feedback(&REWARDED);
        }
        assert_eq!(extremes, [-2.0, 6.0]);
    }

    #[test]
    fn what_came_of_an_action_changes_what_is_done_next() {
        for config in
            [VsmlConfig::default(), VsmlConfig::symla(), VsmlConfig { hidden_layers: vec![3], ..VsmlConfig::default() }]
        {
            let mut probabilities = Vec::new();
            for reward in [0.0, 1.0] {
                let mut learner = learner(config.clone());
                let mut rng = stream(3, "luck", &[]);
                learner.begin(&Space::uniform_box(-1.0, 1.0, 2), &Space::discrete(3), &mut rng).unwrap();
                for _ in 0..5 {
                    learner.act(&SEEN, &mut rng).unwrap();
                    learner.feedback(&Feedback { reward, ..REWARDED });
                }
                learner.act(&SEEN, &mut rng).unwrap();
                probabilities.push(learner.probabilities().to_vec());
            }
            assert_ne!(probabilities[0], probabilities[1], "{config:?}");
        }
    }

    #[test]
    fn a_new_life_remembers_nothing() {
        let mut learner = learner(VsmlConfig::default());
        let mut actions = Vec::new();
        for _ in 0..2 {
            let mut rng = stream(4, "luck", &[]);
            learner.begin(&Space::uniform_box(-1.0, 1.0, 2), &Space::discrete(5), &mut rng).unwrap();
            let life: Vec<usize> = (0..20)
                .map(|_| {
                    let action = learner.act(&SEEN, &mut rng).unwrap().index();
                    learner.feedback(&REWARDED);
                    action
                })
                .collect();
            actions.push((life, learner.probabilities().to_vec()));
        }
        assert_eq!(actions[0], actions[1]);
    }

    #[test]
    fn meta_parameters_that_are_not_numbers_make_an_error_not_an_action() {
        let vsml = Vsml::new(VsmlConfig::default(), Kernel::detect()).unwrap();
        let mut learner = vsml.learner(&vec![f32::NAN; vsml.parameter_count()]).unwrap();
        let mut rng = stream(5, "luck", &[]);
        learner.begin(&Space::uniform_box(-1.0, 1.0, 2), &Space::discrete(2), &mut rng).unwrap();
        assert!(learner.act(&SEEN, &mut rng).unwrap_err().0.contains("NaN"));
    }

    #[test]
    fn settings_out_of_range_are_named() {
        for (config, word) in [
            (VsmlConfig { logit_scale: f32::NAN, ..VsmlConfig::default() }, "logit_scale"),
            (VsmlConfig { action_noise: -1.0, ..VsmlConfig::default() }, "action_noise"),
            (VsmlConfig { hidden_layers: vec![4, 0], ..VsmlConfig::default() }, "hidden_layers"),
            (VsmlConfig { hidden_size: 100, ..VsmlConfig::default() }, "hidden_size"),
        ] {
            let message = Vsml::new(config, Kernel::Scalar).err().unwrap().0;
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn action_spaces_it_does_not_know_are_refused() {
        let mut learner = learner(VsmlConfig::default());
        let space = Space::MultiBinary { n: 3 };
        let refused = learner.begin(&Space::discrete(2), &space, &mut stream(1, "luck", &[])).unwrap_err();
        assert!(refused.0.contains("Discrete and Box"));
    }
}
