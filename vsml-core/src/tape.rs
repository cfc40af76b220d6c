//! The way back: what a life leaves behind while it is lived, and how a gradient goes back along it.
//!
//! A tick overwrites the state. To differentiate through many, a [`Tape`] keeps the numbers of the state *before* each pass
//! over the layers, and what the layers sent in it; nothing else is kept, since a kernel does a layer's micro ticks again on
//! its way back. An [`Adjoint`] is the mirror of a state: for each of its numbers the derivative of a loss with respect to
//! it, now, and for the meta-parameters the sum of all that was found on the way. It starts behind the last pass and is
//! moved to before it, then to before the one before that, and so on; whoever drives adds what the outputs and inputs
//! of each tick are worth to the loss.
//!
//! No stack grows with the length of a life, unlike in a graph of operations.

use crate::kernel::{Incoming, IncomingAdjoint, Reversal, Scratch};
use crate::{Direction, Error, Layout, State, SubRnn, Topology};

/// The record of passes over a network.
///
/// Its size is [`Tape::bytes`]: for each pass 4 bytes × (Σ over layers of 2 N S + M (A + 2 B) or M (2 A + B), with S sub-RNNs
/// of N hidden units, N rounded up to a multiple of 16, and messages of M numbers from A inputs and B outputs; and the
/// messages put in at both ends).
#[derive(Clone, Debug, Default)]
pub struct Tape {
    numbers: Vec<f32>,
    /// Where each pass begins in `numbers`, and which way it went.
    passes: Vec<(usize, Direction)>,
}

impl Tape {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of passes recorded.
    pub fn len(&self) -> usize {
        self.passes.len()
    }

    /// Whether nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.passes.is_empty()
    }

    /// Forgets all passes, but keeps the memory for the next ones.
    pub fn clear(&mut self) {
        self.numbers.clear();
        self.passes.clear();
    }

    /// Bytes of what is recorded.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.numbers)
    }

    fn record(&mut self, sub_rnn: &SubRnn, state: &mut State, direction: Direction) {
        self.passes.push((self.numbers.len(), direction));
        for numbers in state.layers.iter().flat_map(|layer| layer.numbers()) {
            self.numbers.extend_from_slice(numbers);
        }
        for numbers in [&state.forward_in, &state.backward_in, &state.extras] {
            self.numbers.extend_from_slice(numbers);
        }
        sub_rnn.pass(state, direction);
        for layer in &state.layers {
            self.numbers.extend_from_slice(match direction {
                Direction::Forward => &layer.forward_out,
                Direction::Backward => &layer.backward_out,
            });
        }
    }
}

/// The derivatives of a loss with respect to everything: a state, and the meta-parameters.
#[derive(Clone, Debug)]
pub struct Adjoint {
    state: State,
    theta: Vec<f64>,
    /// The state before the pass that is being taken back, and what its layers sent.
    before: State,
    sent: Vec<Vec<f32>>,
    scratch: Scratch,
}

impl Adjoint {
    /// Zeros: the loss does not depend on the state behind the last pass, nor, so far, on anything else.
    ///
    /// # Errors
    /// If the configuration cannot run this topology.
    pub fn zeros(sub_rnn: &SubRnn, topology: &Topology) -> Result<Self, Error> {
        let config = sub_rnn.config();
        let state = State::zeros(config, topology)?;
        Ok(Adjoint {
            before: state.clone(),
            sent: vec![Vec::new(); topology.layers().len()],
            theta: vec![0.0; Layout::new(config).len()],
            scratch: Scratch::for_gradients(config, topology),
            state,
        })
    }

    /// The derivative with respect to each number of the state: `adjoint.state().cell(0, 3)` has that with respect to
    /// `state.cell(0, 3)`.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// As [`Adjoint::state`], to be added to; and for [`State::share_over_batch`], which is its own transpose.
    pub fn state_mut(&mut self) -> &mut State {
        &mut self.state
    }

    /// The derivative with respect to each meta-parameter, as far back as the adjoint has gone.
    pub fn theta(&self) -> &[f64] {
        &self.theta
    }

    /// The derivative with respect to number `component` of the forward messages that the last pass taken back was given:
    /// one per input neuron.
    pub fn of_forward(&self, component: usize) -> impl Iterator<Item = f32> {
        self.state.forward_in.iter().skip(component).step_by(self.state.config.message_size).copied()
    }

    /// The derivative with respect to number `component` of the backward messages that the last pass taken back was given:
    /// one per output neuron.
    pub fn of_backward(&self, component: usize) -> impl Iterator<Item = f32> {
        self.state.backward_in.iter().skip(component).step_by(self.state.config.message_size).copied()
    }

    /// The derivative with respect to the extras that the last pass taken back was given.
    pub fn of_extras(&self) -> &[f32] {
        &self.state.extras
    }

    /// Goes back to the end of another life: the state's part becomes 0, the meta-parameters' part stays.
    pub fn clear_state(&mut self) {
        for layer in &mut self.state.layers {
            layer.numbers_mut().into_iter().for_each(|numbers| numbers.fill(0.0));
        }
        self.state.clear_inputs();
    }
}

impl SubRnn {
    /// [`SubRnn::tick`] or [`SubRnn::backward_tick`], recorded.
    ///
    /// # Panics
    /// If the state was made for another configuration.
    pub fn record(&self, state: &mut State, direction: Direction, tape: &mut Tape) {
        tape.record(self, state, direction);
    }

    /// Adds to the adjoint what the outputs were worth: `of_outputs` holds the derivative with respect to each of the
    /// `outputs` that [`SubRnn::read_outputs`] gave. To be called before the tick they came from is taken back.
    ///
    /// # Panics
    /// If there are not as many as the network has outputs.
    pub fn add_of_outputs(&self, outputs: &[f32], of_outputs: &[f32], adjoint: &mut Adjoint) {
        let (m, component) = (self.config().message_size, self.config().output_component);
        let last = adjoint.state.layers.len() - 1;
        let messages = adjoint.state.layers[last].forward_out.chunks_exact_mut(m);
        assert!(outputs.len() == messages.len() && of_outputs.len() == messages.len(), "one number per output neuron");
        for (message, (y, of_y)) in messages.zip(outputs.iter().zip(of_outputs)) {
            let slope = self.config().output_bound.map_or(1.0, |bound| 1.0 - (y / bound).powi(2));
            message[component] += of_y * slope;
        }
    }

    /// Takes pass number `pass` of the tape back: `adjoint`, which held derivatives with respect to the state after it, then
    /// holds those with respect to the state before it and to what was put in, and those of the meta-parameters with
    /// this pass's share.
    ///
    /// ```
    /// # use rand::SeedableRng;
    /// # use rand_xoshiro::Xoshiro256PlusPlus;
    /// use vsml_core::{Adjoint, Direction, Kernel, Layout, SubRnn, SubRnnConfig, Tape, Topology};
    ///
    /// # let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    /// let config = SubRnnConfig::vsml();
    /// let theta = Layout::new(&config).initialise(&mut rng);
    /// let topology = Topology::dense(&[4, 2])?;
    /// // d(second output after 30 ticks) / d(everything), for a life with the same input throughout.
    /// let output_and_gradient = |theta: &[f32]| -> Result<_, vsml_core::Error> {
    ///     let sub_rnn = SubRnn::new(&config, theta, Kernel::detect())?;
    ///     let mut state = sub_rnn.new_state(&topology, &mut Xoshiro256PlusPlus::seed_from_u64(2))?;
    ///     let (mut tape, mut outputs) = (Tape::new(), [0.0; 2]);
    ///     state.write_forward(0, &[0.5, 1.0, -1.0, 0.0]);
    ///     for _ in 0..30 {
    ///         sub_rnn.record(&mut state, Direction::Forward, &mut tape);
    ///     }
    ///     sub_rnn.read_outputs(&state, &mut outputs);
    ///     let mut adjoint = Adjoint::zeros(&sub_rnn, &topology)?;
    ///     sub_rnn.add_of_outputs(&outputs, &[0.0, 1.0], &mut adjoint);
    ///     for pass in (0..tape.len()).rev() {
    ///         sub_rnn.take_back(&tape, pass, &mut adjoint);
    ///     }
    ///     Ok((outputs[1], adjoint.theta().to_vec()))
    /// };
    /// // A step along the gradient raises the output by the gradient's length, squared.
    /// let (before, gradient) = output_and_gradient(&theta)?;
    /// let squared: f64 = gradient.iter().map(|g| g * g).sum();
    /// let moved: Vec<f32> = theta.iter().zip(&gradient).map(|(x, g)| x + (1e-3 / squared * g) as f32).collect();
    /// let (after, _) = output_and_gradient(&moved)?;
    /// assert!((after - before - 1e-3).abs() < 1e-4, "{before} {after}");
    /// # Ok::<(), vsml_core::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the tape has no such pass, or was recorded with another topology or configuration; if the adjoint was made for
    /// another sub-RNN, or its state for another topology.
    pub fn take_back(&self, tape: &Tape, pass: usize, adjoint: &mut Adjoint) {
        assert!(
            adjoint.before.config == *self.config() && adjoint.state.is_like(&adjoint.before),
            "the adjoint, or the state in it, was made for another sub-RNN or topology"
        );
        let (start, direction) = tape.passes[pass];
        let mut rest = &tape.numbers[start..tape.passes.get(pass + 1).map_or(tape.numbers.len(), |next| next.0)];
        let mut read = |to: &mut [f32]| {
            let (from, after) = rest.split_at(to.len());
            to.copy_from_slice(from);
            rest = after;
        };
        let Adjoint { state, theta, before, sent, scratch } = adjoint;
        before.layers.iter_mut().flat_map(|layer| layer.numbers_mut()).for_each(&mut read);
        [&mut before.forward_in, &mut before.backward_in, &mut before.extras].into_iter().for_each(|x| read(x));
        for (sent, layer) in sent.iter_mut().zip(&before.layers) {
            let len = match direction {
                Direction::Forward => layer.forward_out.len(),
                Direction::Backward => layer.backward_out.len(),
            };
            sent.resize(len, 0.0);
            read(sent);
        }
        assert!(rest.is_empty(), "the tape was recorded with another topology or configuration");
        state.clear_inputs();

        let count = state.layers.len();
        for step in 0..count {
            // The last to be updated is the first to be taken back.
            let l = if direction == Direction::Forward { count - 1 - step } else { step };
            // A neighbour that was updated before this one had sent already what is read here; the other had not.
            let (forward, backward) = match direction {
                Direction::Forward => (
                    if l > 0 { &sent[l - 1] } else { &before.forward_in },
                    before.layers.get(l + 1).map_or(&before.backward_in, |layer| &layer.backward_out),
                ),
                Direction::Backward => (
                    if l > 0 { &before.layers[l - 1].forward_out } else { &before.forward_in },
                    sent.get(l + 1).unwrap_or(&before.backward_in),
                ),
            };
            let incoming = Incoming { forward, backward, extras: &before.extras };
            let (earlier, rest) = state.layers.split_at_mut(l);
            let (layer, later) = rest.split_at_mut(1);
            let of_incoming = IncomingAdjoint {
                forward: earlier.last_mut().map_or(&mut state.forward_in, |layer| &mut layer.forward_out),
                backward: later.first_mut().map_or(&mut state.backward_in, |layer| &mut layer.backward_out),
                extras: &mut state.extras,
            };
            let (update, parameters) = self.update_of(l, direction);
            let (before, adjoint, gradient) = (&before.layers[l], &mut layer[0], &mut theta[parameters]);
            update.back_propagate(Reversal { before, incoming, adjoint, of_incoming, gradient }, scratch);
        }
    }
}
