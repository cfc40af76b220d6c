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
//! **Where the environment tells what would have been right** (a supervised stream), that takes the action's place: the
//! backward messages carry the error softmax(logits) - label in number 0 and, if asked for, the label in number 1, as in
//! Kirsch & Schmidhuber 2021; and the guess is the greatest logit, not a draw. A life turns out to be of this kind with the
//! first answer. Lives of this kind can be differentiated ([`MetaLearner::differentiate`]).
//!
//! **In a team** learners may [talk](VsmlConfig::talk): their networks are then groups of neurons of one larger network, through
//! which messages go both ways as between layers.
//!
//! Nothing here depends on the numbers of inputs and outputs: permuting observations or actions, with the initial states
//! permuted along, permutes the behaviour and nothing else.

mod cloning;
mod config;
mod recorder;
mod reliving;
mod talk;

pub use cloning::CloneConfig;
pub use config::{ConvolutionConfig, VsmlConfig};

use crate::learner::{LayerMessages, Learner, LifeError, LifeScore, MetaLearner, Slope, Unable, Voice, live};
use crate::policy_gradient::{Record, Relived};
use rand::RngExt;
use rand_distr::StandardNormal;
use std::sync::Arc;
use vsml_core::{BackwardPass, Direction, Kernel, Layout, State, SubRnn, SubRnnConfig, softmax};
use vsml_envs::{Action, Feedback, Lifetime, OwnedAction, Percept, Rng, Space};

/// Which number of a message carries observations in, and actions or errors back.
const INPUT_COMPONENT: usize = 0;
/// Which number of a backward message carries labels.
const LABEL_COMPONENT: usize = 1;

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
        Ok(VsmlLearner {
            config: self.config.clone(),
            sub_rnn: Arc::new(sub_rnn),
            others: 0,
            life: None,
            recorder: None,
        })
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

    fn differentiate(
        &self,
        theta: &[f32],
        lifetime: &mut Lifetime,
        rng: &mut Rng,
        truncation: u64,
    ) -> Result<(LifeScore, Slope), LifeError> {
        let mut learner = self.vsml_learner(theta).map_err(LifeError::Unsuited)?;
        learner.recorder = Some(recorder::Recorder::new(truncation));
        let score = live(&mut learner, lifetime, rng, |_| {})?;
        let (Some(life), Some(recorder)) = (&learner.life, learner.recorder) else {
            return Err(LifeError::Learner(Unable("no life has been lived".into())));
        };
        let slope = recorder.finish(&self.config, &learner.sub_rnn, life.state.topology())?;
        Ok((score, slope))
    }

    fn critic_count(&self) -> usize {
        reliving::critic_count(self)
    }

    fn relive<'a>(&'a self, parameters: &'a [f32], lives: &[&Record]) -> Result<Box<dyn Relived + 'a>, Unable> {
        Ok(Box::new(reliving::RelivedVsml::new(self, parameters, lives)?))
    }

    fn clone_backpropagation(&self, theta: &[f32], config: &CloneConfig, rng: &mut Rng) -> Result<Slope, Unable> {
        config.check(&self.config)?;
        let sub_rnn = SubRnn::new(&self.sub_rnn, theta, self.kernel).map_err(|error| Unable(error.to_string()))?;
        cloning::slope(config, &sub_rnn, rng)
    }
}

/// A network of sub-RNNs, living.
pub struct VsmlLearner {
    config: VsmlConfig,
    sub_rnn: Arc<SubRnn>,
    /// How many others of its team it talks with.
    others: usize,
    life: Option<Life>,
    /// Keeps what the way back needs, where somebody is going to ask for it.
    recorder: Option<recorder::Recorder>,
}

/// What belongs to one life: the state, and the buffers between it and the environment.
struct Life {
    state: State,
    /// As it was in [`VsmlLearner::others`] when the life began.
    others: usize,
    observation_space: Space,
    action_space: Space,
    action: OwnedAction,
    /// The action as the network is told of it: one-hot, or scaled to ±1; or the error, where it is told what is right.
    action_message: Vec<f32>,
    /// What is right, one-hot, where the network is told; empty if it does not ask for it.
    label_message: Vec<f32>,
    /// Whether the environment has told what is right.
    supervised: bool,
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
    fn join(&mut self, _: usize, agents: usize) -> Result<(), Unable> {
        self.others = if self.config.talk { agents - 1 } else { 0 };
        Ok(())
    }

    fn sibling(&self) -> Option<Box<dyn Learner>> {
        let (config, sub_rnn) = (self.config.clone(), self.sub_rnn.clone());
        Some(Box::new(VsmlLearner { config, sub_rnn, others: 0, life: None, recorder: None }))
    }

    fn voice(&mut self) -> Option<&mut dyn Voice> {
        self.life.as_mut().filter(|life| life.others > 0).map(|life| life as &mut dyn Voice)
    }

    fn begin(&mut self, observation: &Space, action: &Space, rng: &mut Rng) -> Result<(), Unable> {
        let outputs = match action {
            Space::Discrete { n } => *n,
            Space::Box { low, .. } => low.len(),
            Space::MultiDiscrete { .. } | Space::MultiBinary { .. } => {
                return Err(Unable("a VSML learner acts in Discrete and Box action spaces".into()));
            }
        };
        let others = self.others;
        let same = |life: &&mut Life| {
            life.others == others && life.observation_space == *observation && life.action_space == *action
        };
        if let Some(life) = self.life.as_mut().filter(same).filter(|_| self.config.random_states) {
            life.state.randomise(rng);
            life.begin();
            return Ok(());
        }
        let topology = self.config.topology(observation, outputs, others)?;
        let state = match self.config.random_states {
            true => self.sub_rnn.new_state(&topology, rng),
            false => State::zeros(self.sub_rnn.config(), &topology),
        };
        self.life = Some(Life {
            state: state.map_err(|error| Unable(error.to_string()))?,
            others,
            observation_space: observation.clone(),
            action_space: action.clone(),
            action: action.zero(),
            action_message: vec![0.0; outputs],
            label_message: vec![0.0; if self.config.feed_label { outputs } else { 0 }],
            supervised: false,
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
            life.label_message.fill(0.0);
        }
        let extras = [life.last_reward, flag(percept.episode_begins), 0.0];
        life.tick(&self.sub_rnn, extras, Direction::Forward, self.recorder.as_mut());
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
        let reward = if self.config.feed_reward { feedback.reward as f32 } else { 0.0 };
        match feedback.target {
            Some(target) => life.describe_error(target),
            None => life.describe_action(),
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.answered(&life.outputs, feedback.target);
        }
        if self.config.feedback_tick {
            let backward = self.config.backward_pass != BackwardPass::None;
            let direction = if backward { Direction::Backward } else { Direction::Forward };
            let extras = [reward, flag(feedback.episode_ended()), 1.0];
            life.tick(&self.sub_rnn, extras, direction, self.recorder.as_mut());
        } else {
            life.last_reward = reward;
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.go_back_if_due(&self.config, &self.sub_rnn, life.state.topology());
        }
    }

    fn memory(&self) -> Vec<f32> {
        self.life.as_ref().map_or_else(Vec::new, |life| life.state.pack())
    }

    fn messages(&self) -> Option<Vec<LayerMessages>> {
        let (state, message_size) = (&self.life.as_ref()?.state, self.config.message_size);
        let of_layer = |layer| {
            let (forward, backward) = state.layer_messages(layer);
            LayerMessages { message_size, forward: forward.into(), backward: backward.into() }
        };
        Some((0..state.topology().layers().len()).map(of_layer).collect())
    }

    fn change_theta(&mut self, theta: &[f32]) -> Result<(), Unable> {
        let other = SubRnn::new(self.sub_rnn.config(), theta, self.sub_rnn.kernel());
        self.sub_rnn = Arc::new(other.map_err(|error| Unable(error.to_string()))?);
        Ok(())
    }
}

impl Life {
    fn begin(&mut self) {
        self.action_message.fill(0.0);
        self.label_message.fill(0.0);
        self.supervised = false;
        self.probabilities.fill(0.0);
        self.last_reward = 0.0;
        self.acted = false;
    }

    /// One tick with the forward messages that are there, the action message, and as many extras as the sub-RNN reads.
    fn tick(
        &mut self,
        sub_rnn: &SubRnn,
        extras: [f32; 3],
        direction: Direction,
        recorder: Option<&mut recorder::Recorder>,
    ) {
        self.state.write_backward(INPUT_COMPONENT, &self.action_message);
        if self.supervised && !self.label_message.is_empty() {
            self.state.write_backward(LABEL_COMPONENT, &self.label_message);
        }
        let slots = self.state.extras_mut();
        slots.copy_from_slice(&extras[..slots.len()]);
        match (recorder, direction) {
            (Some(recorder), _) => sub_rnn.record(&mut self.state, direction, recorder.tape()),
            (None, Direction::Forward) => sub_rnn.tick(&mut self.state),
            (None, Direction::Backward) => sub_rnn.backward_tick(&mut self.state),
        }
    }

    /// Draws the action from the outputs, with one random number for a discrete action and one for each continuous number.
    fn choose(&mut self, config: &VsmlConfig, rng: &mut Rng) {
        match (&mut self.action, &self.action_space) {
            (OwnedAction::Discrete(index), _) => {
                softmax(&self.outputs, config.logit_scale, &mut self.probabilities);
                *index = match self.supervised {
                    true => greatest(&self.outputs),
                    false => draw(&self.probabilities, rng.random()),
                };
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

    /// Writes the error of the last guess, and what would have been right, as the network is told of them.
    fn describe_error(&mut self, target: usize) {
        self.supervised = true;
        self.action_message.copy_from_slice(&self.probabilities);
        self.action_message[target] -= 1.0;
        if !self.label_message.is_empty() {
            vsml_envs::write_one_hot(&mut self.label_message, target);
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

pub(crate) fn flag(set: bool) -> f32 {
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

/// The index of the greatest number, the first of equals.
pub(crate) fn greatest(numbers: &[f32]) -> usize {
    numbers.iter().enumerate().fold(0, |best, (index, x)| if *x > numbers[best] { index } else { best })
}

/// The first index at which the cumulated probability exceeds `uniform` in [0, 1); the last one that is possible where
/// rounding leaves the sum below it.
pub(crate) fn draw(probabilities: &[f32], uniform: f32) -> usize {
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
    fn a_reward_that_is_not_fed_changes_nothing() {
        for feedback_tick in [true, false] {
            let lived = |reward| {
                let mut learner = learner(VsmlConfig { feed_reward: false, feedback_tick, ..VsmlConfig::default() });
                let mut rng = stream(3, "luck", &[]);
                learner.begin(&Space::uniform_box(-1.0, 1.0, 2), &Space::discrete(3), &mut rng).unwrap();
                for _ in 0..5 {
                    learner.act(&SEEN, &mut rng).unwrap();
                    learner.feedback(&Feedback { reward, ..REWARDED });
                }
                learner.probabilities().to_vec()
            };
            assert_eq!(lived(0.0), lived(1.0), "{feedback_tick}");
        }
    }

    #[test]
    fn states_that_are_not_random_are_all_the_same_in_each_life() {
        let mut learner = learner(VsmlConfig { random_states: false, ..VsmlConfig::default() });
        for seed in 0..3 {
            let mut rng = stream(seed, "luck", &[]);
            learner.begin(&Space::uniform_box(-1.0, 1.0, 2), &Space::discrete(4), &mut rng).unwrap();
            learner.act(&SEEN, &mut rng).unwrap();
            assert_eq!(learner.probabilities(), [0.25; 4], "nothing has told the actions apart");
            learner.feedback(&REWARDED);
            learner.act(&SEEN, &mut rng).unwrap();
            assert_ne!(learner.probabilities(), [0.25; 4], "the action taken has");
        }
    }

    #[test]
    fn whoever_looks_on_sees_the_messages_of_every_layer() {
        let mut learner = learner(VsmlConfig { hidden_layers: vec![4], ..VsmlConfig::default() });
        assert_eq!(learner.messages(), None);
        let mut rng = stream(3, "luck", &[]);
        learner.begin(&Space::uniform_box(-1.0, 1.0, 2), &Space::discrete(3), &mut rng).unwrap();
        let numbers = |layers: Vec<LayerMessages>| -> Vec<f32> {
            layers.into_iter().flat_map(|layer| [layer.forward, layer.backward].concat()).collect()
        };
        assert!(numbers(learner.messages().unwrap()).iter().all(|&number| number == 0.0));
        learner.act(&SEEN, &mut rng).unwrap();
        let layers = learner.messages().unwrap();
        let sizes: Vec<_> = layers.iter().map(|layer| (layer.forward.len() / 8, layer.backward.len() / 8)).collect();
        assert_eq!((layers[0].message_size, sizes), (8, vec![(4, 2), (3, 4)]));
        let outputs: Vec<f32> = layers[1].forward.chunks(8).map(|message| message[1]).collect();
        assert_eq!(outputs, learner.life.as_ref().unwrap().outputs, "the logits are the second numbers of the outputs");
        assert!(numbers(layers).iter().any(|&number| number != 0.0));
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
    fn a_sibling_is_one_that_was_made_anew() {
        let vsml = Vsml::new(VsmlConfig::default(), Kernel::detect()).unwrap();
        let theta = vsml.initialise(&mut stream(1, "theta", &[]));
        let mut first = vsml.vsml_learner(&theta).unwrap();
        let life = |learner: &mut dyn Learner| -> Vec<usize> {
            let mut rng = stream(4, "luck", &[]);
            learner.begin(&Space::uniform_box(-1.0, 1.0, 2), &Space::discrete(5), &mut rng).unwrap();
            let act = |_| {
                let action = learner.act(&SEEN, &mut rng).unwrap().index();
                learner.feedback(&REWARDED);
                action
            };
            (0..30).map(act).collect()
        };
        let expected = life(&mut first);
        assert_eq!(life(&mut *first.sibling().unwrap()), expected);
        // What becomes of one is nothing to the other.
        let mut sibling = first.sibling().unwrap();
        first.change_theta(&vec![0.0; theta.len()]).unwrap();
        assert_eq!(life(&mut *sibling), expected);
        assert_ne!(life(&mut first), expected);
    }

    #[test]
    fn it_goes_on_with_other_meta_parameters_where_its_state_is() {
        let vsml = Vsml::new(VsmlConfig::default(), Kernel::detect()).unwrap();
        let [first, second] = [1, 2].map(|seed| vsml.initialise(&mut stream(seed, "theta", &[])));
        // What it does after 5 steps, when it has lived with `early` for 4 of them and with `late` in the last one.
        let end = |early: &[f32], late: &[f32]| {
            let mut learner = vsml.vsml_learner(early).unwrap();
            let mut rng = stream(4, "luck", &[]);
            learner.begin(&Space::uniform_box(-1.0, 1.0, 2), &Space::discrete(3), &mut rng).unwrap();
            for step in 0..5 {
                if step == 4 {
                    learner.change_theta(late).unwrap();
                }
                learner.act(&SEEN, &mut rng).unwrap();
                learner.feedback(&REWARDED);
            }
            learner.probabilities().to_vec()
        };
        assert_eq!(end(&first, &first), end(&first, &first));
        let ends = [end(&first, &first), end(&first, &second), end(&second, &first), end(&second, &second)];
        (0..4).for_each(|i| (0..i).for_each(|j| assert_ne!(ends[i], ends[j], "{i} {j}")));
        assert!(vsml.vsml_learner(&first).unwrap().change_theta(&first[1..]).is_err());
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
            (
                VsmlConfig { backward_pass: BackwardPass::Same, feedback_tick: false, ..VsmlConfig::default() },
                "feedback_tick",
            ),
            (VsmlConfig { message_size: 1, ..VsmlConfig::default() }, "feed_label"),
            (VsmlConfig { convolutions: vec![EVEN], ..VsmlConfig::default() }, "convolutions[0]"),
            (VsmlConfig { convolutions: vec![ODD], coordinates: true, ..VsmlConfig::default() }, "coordinates"),
            (VsmlConfig { hidden_size: 100, ..VsmlConfig::default() }, "hidden_size"),
        ] {
            let message = Vsml::new(config, Kernel::Scalar).err().unwrap().0;
            assert!(message.contains(word), "{message}");
        }
    }

    const EVEN: ConvolutionConfig = ConvolutionConfig { kernel: 2, stride: 1, channels: 3 };
    const ODD: ConvolutionConfig = ConvolutionConfig { kernel: 3, stride: 2, channels: 3 };

    #[test]
    fn convolutions_want_images() {
        let mut learner = learner(VsmlConfig { convolutions: vec![ODD], ..VsmlConfig::default() });
        let mut rng = stream(1, "luck", &[]);
        let image = |shape: &[usize]| {
            let len = shape.iter().product();
            Space::Box { low: vec![0.0; len], high: vec![1.0; len], shape: shape.to_vec() }
        };
        learner.begin(&image(&[5, 4]), &Space::discrete(2), &mut rng).unwrap();
        assert_eq!(learner.state_mut().unwrap().topology().sizes(), [20, 3 * 2 * 3, 2]);
        learner.begin(&image(&[5, 4, 2]), &Space::discrete(2), &mut rng).unwrap();
        assert_eq!(learner.state_mut().unwrap().topology().sizes(), [40, 18, 2]);
        let refused = learner.begin(&image(&[20]), &Space::discrete(2), &mut rng).unwrap_err();
        assert!(refused.0.contains("height × width"), "{refused}");
        assert!(learner.begin(&Space::discrete(4), &Space::discrete(2), &mut rng).is_err());
    }

    #[test]
    fn action_spaces_it_does_not_know_are_refused() {
        let mut learner = learner(VsmlConfig::default());
        let space = Space::MultiBinary { n: 3 };
        let refused = learner.begin(&Space::discrete(2), &space, &mut stream(1, "luck", &[])).unwrap_err();
        assert!(refused.0.contains("Discrete and Box"));
    }
}
