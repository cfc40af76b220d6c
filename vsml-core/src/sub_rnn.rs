//! The sub-RNN with its meta-parameters, and the tick: the whole idea of VSML.

use crate::kernel::{Incoming, Update};
use crate::{Error, Kernel, Layout, State, SubRnnConfig, Topology};
use rand::Rng;

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
///     let mut state = sub_rnn.new_state(&Topology::dense(sizes)?, &mut rng);
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
    update: Box<dyn Update>,
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
        Ok(SubRnn { config: config.clone(), kernel, update: kernel.prepare(config, theta)? })
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
    pub fn new_state(&self, topology: &Topology, rng: &mut impl Rng) -> State {
        let mut state = State::zeros(&self.config, topology);
        state.randomise(rng);
        state
    }

    /// One pass over the layers, first to last (METHOD: Kirsch & Schmidhuber 2021, algorithm 1).
    ///
    /// Every layer reads the forward message that the layer before it has just sent, and the backward message that the
    /// layer after it sent in the tick before; the ends read what was put there with [`State::write_forward`] and
    /// [`State::write_backward`]. Allocates nothing.
    ///
    /// # Panics
    /// If the state was made for another configuration.
    pub fn tick(&self, state: &mut State) {
        assert_eq!(
            (state.hidden_size, state.message_size, state.extras.len()),
            (self.config.hidden_size, self.config.message_size, self.config.extras),
            "the state was made for another sub-RNN (hidden size, message size, extras)"
        );
        for l in 0..state.layers.len() {
            let (before, rest) = state.layers.split_at_mut(l);
            let (layer, after) = rest.split_at_mut(1);
            let incoming = Incoming {
                forward: before.last().map_or(&state.forward_in, |layer| &layer.forward_out),
                backward: after.first().map_or(&state.backward_in, |layer| &layer.backward_out),
                extras: &state.extras,
            };
            self.update.update(&mut layer[0], &incoming, &mut state.scratch);
        }
    }

    /// Reads the outputs y = B tanh(m / B), one per output neuron, m being the configured number of the last layer's
    /// forward messages.
    ///
    /// # Panics
    /// If `outputs` is not as long as the network has outputs.
    pub fn read_outputs(&self, state: &State, outputs: &mut [f32]) {
        assert_eq!(outputs.len(), state.topology.outputs(), "one number per output neuron");
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
