//! The learners that VSML is held against, and the table of all kinds of learners that can be meta-trained.
//!
//! | kind | what it learns with | its meta-parameters depend on the task's shape |
//! |---|---|---|
//! | `vsml` | states of sub-RNNs that share their weights | no |
//! | `meta-rnn` | activations of one recurrent network (RL²) | yes |
//! | `feed-forward` | nothing: the control | yes |
//! | `hebbian` | weights that follow a Hebbian rule each, or one for a layer | yes, or no |
//! | `delta-rule` | fast weights, written by a slow network (DeltaNet) | yes |
//! | `self-referential` | one matrix that writes itself | yes |
//! | `attention` | a memory of the last steps, asked at every step | yes |
//! | `sensory-neurons` | states of sensory neurons that share their weights | on the number of actions |
//! | `blur` | neurons and synapses of several states, one genome for all | no |
//! | `fast-weight-memory` | a tensor of associations, written and followed by an LSTM | yes |
//! | `meta-rims` | states of modules that compete, with fast and slow parameters | yes |
//! | `separate` | what any of these learns with; a theta for each agent of a team | as that of theirs, and on the number of agents |
//!
//! A learner of a fixed shape is told the numbers of observations and actions by the tasks that it is trained on
//! ([`LearnerConfig::fit`]), and cannot live anywhere else; the others can. All act in discrete action spaces; VSML in boxes
//! too. To add one: a file with a [`Network`](network::Network), and a line in the table below.

mod attention;
mod blur;
mod delta_rule;
mod fast_weight_memory;
mod feed_forward;
mod hebbian;
mod matrix;
mod meta_rims;
mod meta_rnn;
mod network;
mod reliving;
mod self_referential;
mod sensory_neurons;
mod separate;
mod weights;

pub use attention::AttentionConfig;
pub use blur::BlurConfig;
pub use delta_rule::DeltaRuleConfig;
pub use fast_weight_memory::FastWeightMemoryConfig;
pub use feed_forward::FeedForwardConfig;
pub use hebbian::HebbianConfig;
pub use meta_rims::MetaRimsConfig;
pub use meta_rnn::{Cell, MetaRnnConfig};
pub use self_referential::SelfReferentialConfig;
pub use sensory_neurons::SensoryNeuronsConfig;
pub use separate::SeparateConfig;
pub use weights::Weights;

use crate::learner::{MetaLearner, Unable};
use crate::scenario::Scenario;
use crate::vsml::{Vsml, VsmlConfig};
use network::{Network, NetworkMetaLearner, Shape};
use serde::{Deserialize, Serialize};
use vsml_core::Kernel;

/// Makes [`LearnerConfig`] from lines of a description, a name and the type of its settings.
macro_rules! table {
    ($($(#[$description:meta])* $name:ident($settings:ty),)*) => {
        /// What learns: one of the kinds there are, with its settings.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "kebab-case")]
        pub enum LearnerConfig {
            $($(#[$description])* $name($settings),)*
        }

        impl LearnerConfig {
            /// All kinds with their default settings.
            pub fn kinds() -> Vec<Self> {
                vec![$(LearnerConfig::$name(<$settings>::default()),)*]
            }

            fn kind(&self) -> &dyn Kind {
                match self { $(LearnerConfig::$name(settings) => settings,)* }
            }

            fn kind_mut(&mut self) -> &mut dyn Kind {
                match self { $(LearnerConfig::$name(settings) => settings,)* }
            }
        }
    };
}

table! {
    /// A network of sub-RNNs with shared meta-parameters.
    Vsml(VsmlConfig),
    /// RL²: a recurrent network that remembers what it did and what came of it.
    MetaRnn(MetaRnnConfig),
    /// A network without memory, as a control.
    FeedForward(FeedForwardConfig),
    /// A network of random weights that follow Hebbian rules.
    Hebbian(HebbianConfig),
    /// Fast weights, written by the delta rule.
    DeltaRule(DeltaRuleConfig),
    /// A weight matrix that writes itself.
    SelfReferential(SelfReferentialConfig),
    /// Attention to what has been lived.
    Attention(AttentionConfig),
    /// A small recurrent network for each number of the observation, all with the same weights.
    SensoryNeurons(SensoryNeuronsConfig),
    /// Neurons and synapses of several states that follow one genome.
    Blur(BlurConfig),
    /// An LSTM with a tensor of associations.
    FastWeightMemory(FastWeightMemoryConfig),
    /// Modules that compete for what is perceived, learnt fast and slowly.
    MetaRims(MetaRimsConfig),
    /// Meta-parameters of its own for each agent of a team.
    Separate(SeparateConfig),
}

/// What the table has to know of the settings of a kind.
trait Kind {
    fn name(&self) -> &'static str;
    fn shape(&self) -> Option<Shape>;
    fn any_observations(&self) -> bool;
    fn set_shape(&mut self, shape: Shape);
    fn meta_learner(&self, kernel: Kernel) -> Result<Box<dyn MetaLearner>, Unable>;
}

impl Kind for VsmlConfig {
    fn name(&self) -> &'static str {
        "vsml"
    }
    fn shape(&self) -> Option<Shape> {
        None
    }
    fn any_observations(&self) -> bool {
        true
    }
    fn set_shape(&mut self, _: Shape) {}
    fn meta_learner(&self, kernel: Kernel) -> Result<Box<dyn MetaLearner>, Unable> {
        Ok(Box::new(Vsml::new(self.clone(), kernel)?))
    }
}

impl<N: Network> Kind for N {
    fn name(&self) -> &'static str {
        N::NAME
    }
    fn shape(&self) -> Option<Shape> {
        Network::shape(self)
    }
    fn any_observations(&self) -> bool {
        N::ANY_OBSERVATIONS
    }
    fn set_shape(&mut self, shape: Shape) {
        Network::set_shape(self, shape);
    }
    fn meta_learner(&self, _: Kernel) -> Result<Box<dyn MetaLearner>, Unable> {
        Ok(Box::new(NetworkMetaLearner::new(self.clone())?))
    }
}

impl LearnerConfig {
    /// The kind's name, as in configurations and tables.
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }

    /// Makes what makes learners. The kernel matters to VSML alone.
    ///
    /// # Errors
    /// A setting out of range, by name; a shape that is needed and not known.
    pub fn meta_learner(&self, kernel: Kernel) -> Result<Box<dyn MetaLearner>, Unable> {
        self.kind().meta_learner(kernel)
    }

    /// Takes the numbers of observations and actions, where they matter and are not given, from the scenarios that are to be
    /// trained in: those of the first task of each under `seed`, in every seat that is the learner's. Does nothing to learners of any shape.
    ///
    /// # Errors
    /// If the distributions do not agree, none of them can be begun, or actions are not discrete.
    pub fn fit(&mut self, scenarios: &[Scenario], seed: u64) -> Result<(), Unable> {
        let name = self.name();
        let kind = self.kind_mut();
        let any_observations = kind.any_observations();
        let unknown = |shape: &Shape| shape.actions == 0 || (shape.observations == 0 && !any_observations);
        let Some(given) = kind.shape().filter(unknown) else { return Ok(()) };
        let mut found: Option<(Shape, &str)> = None;
        let seats = scenarios.iter().filter_map(|scenario| Some((scenario.id(), scenario.seats(seed).ok()?)));
        for (id, seat) in seats.flat_map(|(id, seats)| seats.into_iter().map(move |seat| (id, seat))) {
            let shape =
                Shape::of(&seat.observation, &seat.action, name).map_err(|reason| Unable(format!("{id}: {reason}")))?;
            match found {
                Some((other, of))
                    if other.actions != shape.actions
                        || (other.observations != shape.observations && !any_observations) =>
                {
                    return Err(Unable(format!(
                        "{name} learners are made for one shape, but {of} has {} observations and {} actions, {} has {} \
                         and {}: train them on tasks of equal shape",
                        other.observations, other.actions, id, shape.observations, shape.actions
                    )));
                }
                _ => found = Some((shape, id)),
            }
        }
        let Some((found, _)) = found else {
            let reason = "no task that could tell the numbers of observations and actions could be begun";
            return Err(Unable(format!("{reason}: give them in the learner's settings")));
        };
        let or = |given, found| if given == 0 { found } else { given };
        kind.set_shape(Shape {
            observations: or(given.observations, found.observations),
            actions: or(given.actions, found.actions),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use vsml_envs::{Action, Environment, LifetimeLength, Registry, Rng, Space, Step, Tasks};

    fn tasks(ids: &[&str]) -> Vec<Scenario> {
        ids.iter().map(|id| Registry::builtin().make(id).unwrap().into()).collect()
    }

    #[test]
    fn names_are_those_that_files_are_written_with() {
        for config in LearnerConfig::kinds() {
            assert_eq!(serde_json::to_value(&config).unwrap()["kind"], config.name());
        }
    }

    #[test]
    fn shapes_come_from_the_tasks() {
        let mut config = LearnerConfig::MetaRnn(MetaRnnConfig::default());
        assert!(config.meta_learner(Kernel::Scalar).err().unwrap().0.contains("observations is 0"));
        config.fit(&tasks(&["CartPole-v1", "CartPole-v1:fall_reward=0"]), 1).unwrap();
        assert_eq!(
            config,
            LearnerConfig::MetaRnn(MetaRnnConfig { observations: 4, actions: 2, ..MetaRnnConfig::default() })
        );
        let given = MetaRnnConfig { actions: 7, ..MetaRnnConfig::default() };
        let mut config = LearnerConfig::MetaRnn(given);
        config.fit(&tasks(&["CartPole-v1"]), 1).unwrap();
        assert!(matches!(&config, LearnerConfig::MetaRnn(c) if (c.observations, c.actions) == (4, 7)));
        let mut config = LearnerConfig::Vsml(VsmlConfig::default());
        config.fit(&tasks(&["CartPole-v1", "BernoulliBandit-v0"]), 1).unwrap();
        assert_eq!(config, LearnerConfig::Vsml(VsmlConfig::default()));
    }

    #[test]
    fn who_takes_any_observation_need_agree_on_actions_alone() {
        let mut config = LearnerConfig::SensoryNeurons(SensoryNeuronsConfig::default());
        assert!(config.meta_learner(Kernel::Scalar).err().unwrap().0.contains("actions is 0"));
        assert!(config.clone().fit(&tasks(&["CartPole-v1", "BernoulliBandit-v0:arms=3"]), 1).is_err());
        config.fit(&tasks(&["CartPole-v1", "BernoulliBandit-v0:arms=2"]), 1).unwrap();
        let expected = SensoryNeuronsConfig { actions: 2, ..SensoryNeuronsConfig::default() };
        assert_eq!(config, LearnerConfig::SensoryNeurons(expected));
    }

    #[test]
    fn tasks_that_do_not_agree_are_named() {
        let fit =
            |ids: &[&str]| LearnerConfig::FeedForward(FeedForwardConfig::default()).fit(&tasks(ids), 1).unwrap_err().0;
        let message = fit(&["CartPole-v1", "BernoulliBandit-v0:arms=3"]);
        assert!(message.contains("CartPole-v1 has 4 observations and 2 actions"), "{message}");
        assert!(message.contains("BernoulliBandit-v0:arms=3 has 1 and 3"), "{message}");
    }

    /// A world of one switch that turns.
    #[derive(Clone)]
    struct Dial;

    impl Environment for Dial {
        fn observation_space(&self) -> Space {
            Space::discrete(1)
        }
        fn action_space(&self) -> Space {
            Space::uniform_box(-1.0, 1.0, 1)
        }
        fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
            observation[0] = 1.0;
        }
        fn step(&mut self, _: Action<'_>, _: &mut Rng, _: &mut [f32]) -> Step {
            Step::going_on(0.0)
        }
    }

    #[test]
    fn continuous_actions_are_refused() {
        let dial = Tasks {
            id: "Dial-v0".into(),
            length: LifetimeLength::Steps(5),
            distribution: Arc::new(|_: &mut Rng| Dial),
        };
        let message = LearnerConfig::MetaRnn(MetaRnnConfig::default()).fit(&[dial.into()], 1).unwrap_err().0;
        assert!(message.contains("Dial-v0") && message.contains("Discrete"), "{message}");
    }

    #[test]
    fn settings_out_of_range_are_named() {
        for (config, word) in [
            (LearnerConfig::MetaRnn(MetaRnnConfig { hidden_size: 0, ..MetaRnnConfig::default() }), "hidden_size is 0"),
            (
                LearnerConfig::MetaRnn(MetaRnnConfig {
                    hidden_size: 4096,
                    observations: usize::MAX,
                    actions: 2,
                    ..MetaRnnConfig::default()
                }),
                "meta-parameters",
            ),
            (
                LearnerConfig::Hebbian(HebbianConfig { shared: true, actions: 3, ..HebbianConfig::default() }),
                "actions is 3",
            ),
        ] {
            let message = config.meta_learner(Kernel::Scalar).err().unwrap().0;
            assert!(message.contains(word), "{message}");
        }
    }
}
