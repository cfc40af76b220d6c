//! The sub-RNN with its meta-parameters, and the tick: the whole idea of VSML.

use crate::kernel::{Incoming, Update};
use crate::{BackwardPass, Error, Kernel, Layout, State, SubRnnConfig, Topology};
use rand::Rng;
use std::ops::Range;

/// The sub-RNN: a configuration and the meta-parameters that all sub-RNNs of all networks share, ready to run.
///
/// A value of this type *is* a learning algorithm. It never changes; what learns is the [`State`] that it is applied to,
/// and one sub-RNN serves any number of states of any topology, from any number of threads.
///
/// ```
/// use rand::SeedableRng;
/// use rand_xoshiro::Xoshiro256PlusPlus;
/// use vsml_core::{Kernel, Layout, SubRnn, SubRnnConfig, Topology};
///
/// let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
/// let config = SubRnnConfig::vsml();
/// let theta = Layout::new(&config).initialise(&mut rng);
/// let sub_rnn = SubRnn::new(&config, &theta, Kernel::detect())?;
///
/// // The same meta-parameters run a network of 3 × 2 and one of 64 × 32 × 10.
/// for sizes in [&[3, 2][..], &[64, 32, 10]] {
///     let mut state = sub_rnn.new_state(&Topology::dense(sizes)?, &mut rng)?;
///     state.write_forward(0, &vec![0.5; sizes[0]]);
///     sub_rnn.tick(&mut state);
///     let mut outputs = vec![0.0; sizes[sizes.len() - 1]];
///     sub_rnn.read_outputs(&state, &mut outputs);
///     assert!(outputs.iter().all(|y| y.is_finite()));
/// }
/// # Ok::<(), vsml_core::Error>(())
/// ```
pub struct SubRnn {
    config: SubRnnConfig,
    kernel: Kernel,
    /// One for all layers, or one for each; then those of a separate sub-RNN for the backward pass.
    sets: Vec<Box<dyn Update>>,
    parameters_per_set: usize,
}

/// Which way the layers are passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// First to last: [`SubRnn::tick`].
    Forward,
    /// Last to first: [`SubRnn::backward_tick`].
    Backward,
}

impl SubRnn {
    /// Puts the meta-parameters `theta` into the form of `kernel`.
    ///
    /// # Errors
    /// A configuration that makes no sense, a vector of the wrong length, a kernel that the processor does not run.
    pub fn new(config: &SubRnnConfig, theta: &[f32], kernel: Kernel) -> Result<Self, Error> {
        config.check()?;
        let expected = Layout::new(config).len();
        if theta.len() != expected {
            return Err(Error::ParameterCount { expected, found: theta.len() });
        }
        let parameters_per_set = Layout::of_one_set(config).len();
        let sets = theta.chunks_exact(parameters_per_set).map(|set| kernel.prepare(config, set));
        Ok(SubRnn { config: config.clone(), kernel, sets: sets.collect::<Result<_, _>>()?, parameters_per_set })
    }

    /// The configuration.
    pub fn config(&self) -> &SubRnnConfig {
        &self.config
    }

    /// The kernel that runs.
    pub fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// The state of a network at the beginning of a life; see [`State::randomise`].
    ///
    /// # Errors
    /// If the configuration cannot run this topology ([`Topology::check`]).
    pub fn new_state(&self, topology: &Topology, rng: &mut impl Rng) -> Result<State, Error> {
        let mut state = State::zeros(&self.config, topology)?;
        state.randomise(rng);
        Ok(state)
    }

    /// One pass over the layers, first to last (Kirsch & Schmidhuber 2021, algorithm 1).
    ///
    /// Every layer reads the forward message that the layer before it has just sent, and the backward message that the
    /// layer after it sent in the tick before; the ends read what was put there with [`State::write_forward`] and
    /// [`State::write_backward`]. Allocates nothing.
    ///
    /// # Panics
    /// If the state was made for another configuration.
    pub fn tick(&self, state: &mut State) {
        self.pass(state, Direction::Forward);
    }

    /// One pass over the layers, last to first, so that what is put in at the last layer reaches the first one at once
    /// (Kirsch & Schmidhuber 2021, the variant with a backward pass). By the same sub-RNN, or by one of its own if
    /// [`SubRnnConfig::backward_pass`] says so.
    ///
    /// # Panics
    /// If the state was made for another configuration.
    pub fn backward_tick(&self, state: &mut State) {
        self.pass(state, Direction::Backward);
    }

    pub(crate) fn pass(&self, state: &mut State, direction: Direction) {
        assert!(
            state.config == self.config,
            "the state was made for another sub-RNN, {:?}, than the one that ticks, {:?}",
            state.config,
            self.config
        );
        let count = state.layers.len();
        for step in 0..count {
            let l = if direction == Direction::Forward { step } else { count - 1 - step };
            let (before, rest) = state.layers.split_at_mut(l);
            let (layer, after) = rest.split_at_mut(1);
            let incoming = Incoming {
                forward: before.last().map_or(&state.forward_in, |layer| &layer.forward_out),
                backward: after.first().map_or(&state.backward_in, |layer| &layer.backward_out),
                extras: &state.extras,
            };
            self.sets[self.set_of(l, direction)].update(&mut layer[0], &incoming, &mut state.scratch);
        }
    }

    /// Which set of parameters updates layer `l`.
    fn set_of(&self, l: usize, direction: Direction) -> usize {
        let separate = direction == Direction::Backward && self.config.backward_pass == BackwardPass::Separate;
        let first = if separate { self.config.parameter_sets } else { 0 };
        if self.config.parameter_sets == 1 { first } else { first + l }
    }

    /// The set that updates layer `l`, and where its parameters lie in theta.
    pub(crate) fn update_of(&self, l: usize, direction: Direction) -> (&dyn Update, Range<usize>) {
        let set = self.set_of(l, direction);
        (&*self.sets[set], set * self.parameters_per_set..(set + 1) * self.parameters_per_set)
    }

    /// Reads the outputs y = B tanh(m / B), m being the configured number of the last layer's forward messages: of as many
    /// output neurons as `outputs` is long, from the first on.
    ///
    /// # Panics
    /// If `outputs` is longer than the network has outputs.
    pub fn read_outputs(&self, state: &State, outputs: &mut [f32]) {
        assert!(outputs.len() <= state.topology.outputs(), "at most one number per output neuron");
        for (b, y) in outputs.iter_mut().enumerate() {
            let m = state.forward_message(b, self.config.output_component);
            // In f64: tanh of a small number times a large bound must not show the rounding of tanh.
            *y = self.config.output_bound.map_or(m, |bound| {
                let bound = f64::from(bound);
                (bound * (f64::from(m) / bound).tanh()) as f32
            });
        }
    }
}
