//! Segments: a stretch of a life as one differentiable function.
//!
//! A [`Segment`] takes the meta-parameters, the states at its beginning and what is put in at each step, and gives the
//! outputs of each step and the states at its end; [`Segment::back_propagate`] gives the derivatives of any loss with respect
//! to all three. A life of any length is lived in segments by handing the last states on (truncated back-propagation
//! through time, if only numbers are handed on).
//!
//! A step may be given messages as they are, or a *supervised* example. Then the loop is closed inside: the error that the
//! network reads is made of its own output, and the gradient flows through that too, as it does in the original.

use crate::{Adjoint, BackwardPass, Direction, Error, State, SubRnn, SubRnnConfig, Tape, Topology};

/// What a supervised network is told of its mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feedback {
    /// softmax(y) - label: the derivative of the cross entropy.
    CrossEntropy,
    /// y - label: the derivative of half of the squared error.
    SquaredError,
}

impl Feedback {
    /// The error of `outputs`; divided by `batch`, since the loss is a mean over it. All slices are one number per output.
    fn error(self, outputs: &[f32], label: &[f32], batch: usize, error: &mut [f32]) {
        match self {
            Feedback::CrossEntropy => softmax(outputs, 1.0, error),
            Feedback::SquaredError => error.copy_from_slice(outputs),
        }
        error.iter_mut().zip(label).for_each(|(e, label)| *e = (*e - label) / batch as f32);
    }

    /// Transpose of [`Feedback::error`]: from the derivatives of the error, those of the outputs, which are added.
    fn add_of_outputs(self, outputs: &[f32], of_error: &[f32], batch: usize, of_outputs: &mut [f32]) {
        match self {
            Feedback::CrossEntropy => {
                let mut p = vec![0.0; outputs.len()];
                softmax(outputs, 1.0, &mut p);
                let mean: f32 = p.iter().zip(of_error).map(|(p, of_e)| p * of_e).sum();
                for ((of_y, of_e), p) in of_outputs.iter_mut().zip(of_error).zip(&p) {
                    *of_y += p * (of_e - mean) / batch as f32;
                }
            }
            Feedback::SquaredError => {
                of_outputs.iter_mut().zip(of_error).for_each(|(of_y, of_e)| *of_y += of_e / batch as f32);
            }
        }
    }
}

/// Softmax of `scale * outputs`; the greatest is taken away first, so that nothing overflows. Summed in `f64`, where the order
/// of the outputs leaves no trace. If an output is NaN or all are infinite, so are the probabilities NaN.
///
/// # Panics
/// If there are not as many probabilities as outputs, or `scale` is negative.
pub fn softmax(outputs: &[f32], scale: f32, probabilities: &mut [f32]) {
    assert_eq!(outputs.len(), probabilities.len(), "one probability per output");
    assert!(scale >= 0.0, "a scale of {scale} would make of the greatest output the least");
    let greatest = outputs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for (p, y) in probabilities.iter_mut().zip(outputs) {
        *p = (scale * (y - greatest)).exp();
        sum += f64::from(*p);
    }
    probabilities.iter_mut().for_each(|p| *p = (f64::from(*p) / sum) as f32);
}

/// What a segment is given at each step, for each member of the batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Drive {
    /// All messages as they are: inputs × M numbers for the first layer, outputs × M for the last, and the extras. The
    /// layers are passed as `directions` says, one entry a step.
    Messages {
        /// Which way each step passes the layers.
        directions: Vec<Direction>,
    },
    /// An example: inputs, label (one number per output), extras. The inputs go into number 0 of the forward messages; the
    /// error into number 0 of the backward messages and, if asked for, the label into number 1: at the next step, or
    /// where the sub-RNN has a backward pass at once, in that pass.
    Supervised {
        /// What the error is.
        feedback: Feedback,
        /// Whether the label is fed beside the error.
        feed_label: bool,
        /// Number of steps.
        steps: usize,
    },
}

/// A stretch of a life of one network, or of a batch of them that learn together.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Shape of the network.
    pub topology: Topology,
    /// How many learn together; before each forward tick, they share what they learnt if there is more than one.
    pub batch: usize,
    /// What is put in.
    pub drive: Drive,
}

/// What a segment came to, and its record for the way back.
pub struct SegmentRun {
    /// Outputs of every step: steps × batch × outputs.
    pub outputs: Vec<f32>,
    /// The states at the end, one per member of the batch.
    pub states: Vec<State>,
    tapes: Vec<Tape>,
}

/// Derivatives of a loss.
pub struct Gradients {
    /// With respect to the meta-parameters.
    pub theta: Vec<f64>,
    /// With respect to what was put in, in the same order.
    pub rows: Vec<f32>,
    /// With respect to the states at the beginning, one per member of the batch.
    pub states: Vec<State>,
}

impl Segment {
    /// Number of steps.
    pub fn steps(&self) -> usize {
        match &self.drive {
            Drive::Messages { directions } => directions.len(),
            Drive::Supervised { steps, .. } => *steps,
        }
    }

    /// Numbers that are put in at each step for each member of the batch.
    pub fn row_len(&self, config: &SubRnnConfig) -> usize {
        let neurons = self.topology.inputs() + self.topology.outputs();
        match self.drive {
            Drive::Messages { .. } => neurons * config.message_size + config.extras,
            Drive::Supervised { .. } => neurons + config.extras,
        }
    }

    /// Numbers of a state, packed ([`State::pack`]).
    pub fn state_len(&self, config: &SubRnnConfig) -> usize {
        let (n, m) = (config.hidden_size, config.message_size);
        let layers = self.topology.layers().iter();
        let of_layers: usize = layers.map(|l| 2 * n * l.sub_rnns() + m * (l.inputs() + l.outputs())).sum();
        of_layers + m * self.topology.outputs()
    }

    /// Lives through the segment, from `states` on, given `rows`: steps × batch × [`Segment::row_len`].
    ///
    /// # Errors
    /// If there are not as many states or numbers as this takes, states are of another sub-RNN or topology, or a label is fed
    /// into messages of a single number.
    pub fn run(&self, sub_rnn: &SubRnn, states: Vec<State>, rows: &[f32]) -> Result<SegmentRun, Error> {
        let width = self.row_len(sub_rnn.config());
        let refuse = |reason: String| Err(Error::Segment(reason));
        if self.batch == 0 || states.len() != self.batch {
            return refuse(format!("a batch of {} needs as many states, {} were given", self.batch, states.len()));
        }
        self.check_states(&states, sub_rnn)?;
        let expected = self.steps().saturating_mul(self.batch).saturating_mul(width);
        if rows.len() != expected {
            return refuse(format!(
                "{} steps of a batch of {} take {expected} numbers ({width} each), {} were given",
                self.steps(),
                self.batch,
                rows.len()
            ));
        }
        self.check_label(sub_rnn.config())?;
        let outputs = self.topology.outputs();
        let mut run = SegmentRun {
            outputs: vec![0.0; self.steps() * self.batch * outputs],
            tapes: vec![Tape::new(); self.batch],
            states,
        };
        let mut error = vec![0.0; outputs];
        for step in 0..self.steps() {
            if self.direction(step) == Direction::Forward {
                State::share_over_batch(&mut run.states);
            }
            for item in 0..self.batch {
                let at = step * self.batch + item;
                let row = &rows[at * width..(at + 1) * width];
                let y = &mut run.outputs[at * outputs..(at + 1) * outputs];
                let (state, tape) = (&mut run.states[item], &mut run.tapes[item]);
                let (forward, backward, extras) = self.split(row, sub_rnn);
                state.extras.copy_from_slice(extras);
                match self.drive {
                    Drive::Messages { ref directions } => {
                        state.forward_in.copy_from_slice(forward);
                        state.backward_in.copy_from_slice(backward);
                        sub_rnn.record(state, directions[step], tape);
                        sub_rnn.read_outputs(state, y);
                        state.backward_in.fill(0.0);
                    }
                    Drive::Supervised { feedback, feed_label, .. } => {
                        state.write_forward(0, forward);
                        sub_rnn.record(state, Direction::Forward, tape);
                        sub_rnn.read_outputs(state, y);
                        feedback.error(y, backward, self.batch, &mut error);
                        state.backward_in.fill(0.0);
                        state.write_backward(0, &error);
                        if feed_label {
                            state.write_backward(1, backward);
                        }
                        if sub_rnn.config().backward_pass != BackwardPass::None {
                            sub_rnn.record(state, Direction::Backward, tape);
                            state.backward_in.fill(0.0);
                        }
                    }
                }
            }
        }
        Ok(run)
    }

    /// The way back. `of_outputs` are the derivatives of a loss with respect to the outputs of `run`, `of_states` those with
    /// respect to the states at its end (none: it does not depend on them).
    ///
    /// # Errors
    /// If there are not as many numbers or states as `run` has, if the states are of another sub-RNN or topology, or if `run`
    /// is another segment's.
    pub fn back_propagate(
        &self,
        sub_rnn: &SubRnn,
        run: &SegmentRun,
        of_outputs: &[f32],
        of_states: Option<&[State]>,
    ) -> Result<Gradients, Error> {
        let refuse = |what: &str, found: usize, expected: usize| {
            Err(Error::Segment(format!("{found} derivatives of {what} were given, there are {expected} {what}")))
        };
        let twice =
            matches!(self.drive, Drive::Supervised { .. }) && sub_rnn.config().backward_pass != BackwardPass::None;
        let passes = if twice { 2 * self.steps() } else { self.steps() };
        self.check_states(&run.states, sub_rnn)?;
        if run.tapes.len() != self.batch || run.tapes.iter().any(|tape| tape.len() != passes) {
            return Err(Error::Segment("what is gone back through was the run of another segment".into()));
        }
        if of_outputs.len() != run.outputs.len() {
            return refuse("outputs", of_outputs.len(), run.outputs.len());
        }
        if let Some(of_states) = of_states {
            if of_states.len() != self.batch {
                return refuse("states", of_states.len(), self.batch);
            }
            self.check_states(of_states, sub_rnn)?;
        }
        let mut adjoint = Adjoint::zeros(sub_rnn, &self.topology)?;
        let mut states: Vec<State> = match of_states {
            Some(of_states) => of_states.to_vec(),
            None => vec![adjoint.state().clone(); self.batch],
        };
        let (width, outputs) = (self.row_len(sub_rnn.config()), self.topology.outputs());
        let mut rows = vec![0.0; self.steps() * self.batch * width];
        // The derivative of what each member has been told at the end of the step in work.
        let mut of_told: Vec<[Vec<f32>; 2]> = states.iter().map(|state| told(state, sub_rnn)).collect();
        let mut passes: Vec<usize> = run.tapes.iter().map(Tape::len).collect();
        let mut of_y = vec![0.0; outputs];

        for step in (0..self.steps()).rev() {
            for item in 0..self.batch {
                let at = step * self.batch + item;
                let of_row = &mut rows[at * width..(at + 1) * width];
                let y = &run.outputs[at * outputs..(at + 1) * outputs];
                of_y.copy_from_slice(&of_outputs[at * outputs..(at + 1) * outputs]);
                // One adjoint does for all members: only the state's part differs.
                std::mem::swap(adjoint.state_mut(), &mut states[item]);
                let mut take_back = |adjoint: &mut Adjoint| {
                    passes[item] -= 1;
                    sub_rnn.take_back(&run.tapes[item], passes[item], adjoint);
                };
                match self.drive {
                    Drive::Messages { .. } => {
                        sub_rnn.add_of_outputs(y, &of_y, &mut adjoint);
                        take_back(&mut adjoint);
                        let parts =
                            [&adjoint.state().forward_in, &adjoint.state().backward_in, &adjoint.state().extras];
                        of_row.iter_mut().zip(parts.into_iter().flatten()).for_each(|(to, from)| *to = *from);
                        adjoint.state_mut().backward_in.fill(0.0);
                    }
                    Drive::Supervised { feedback, feed_label, .. } => {
                        let inputs = self.topology.inputs();
                        if sub_rnn.config().backward_pass != BackwardPass::None {
                            take_back(&mut adjoint);
                            of_told[item] = told(adjoint.state(), sub_rnn);
                            add(&mut of_row[..inputs], adjoint.of_forward(0));
                            add(&mut of_row[inputs + outputs..], adjoint.of_extras().iter().copied());
                        }
                        let [of_error, of_label] = &of_told[item];
                        feedback.add_of_outputs(y, of_error, self.batch, &mut of_y);
                        let of_labels = of_error.iter().zip(of_label).map(|(of_error, of_label)| {
                            let fed = if feed_label { *of_label } else { 0.0 };
                            fed - of_error / self.batch as f32
                        });
                        add(&mut of_row[inputs..inputs + outputs], of_labels);
                        sub_rnn.add_of_outputs(y, &of_y, &mut adjoint);
                        take_back(&mut adjoint);
                        of_told[item] = told(adjoint.state(), sub_rnn);
                        add(&mut of_row[..inputs], adjoint.of_forward(0));
                        add(&mut of_row[inputs + outputs..], adjoint.of_extras().iter().copied());
                    }
                }
                std::mem::swap(adjoint.state_mut(), &mut states[item]);
            }
            if self.direction(step) == Direction::Forward {
                State::share_over_batch(&mut states);
            }
        }
        Ok(Gradients { theta: adjoint.theta().to_vec(), rows, states })
    }

    /// Whether states are of this sub-RNN and of this topology.
    fn check_states(&self, states: &[State], sub_rnn: &SubRnn) -> Result<(), Error> {
        for state in states {
            if state.topology != self.topology {
                let (found, expected) = (state.topology.sizes(), self.topology.sizes());
                let reason = format!("a state of {found:?} neurons was given to a network of {expected:?}");
                return Err(Error::Segment(reason));
            }
            if state.config != *sub_rnn.config() {
                let (found, expected) = (&state.config, sub_rnn.config());
                let reason = format!("a state of a sub-RNN {found:?} was given to one that is {expected:?}");
                return Err(Error::Segment(reason));
            }
        }
        Ok(())
    }

    /// Whether messages have room for a label, if one is fed.
    pub(crate) fn check_label(&self, config: &SubRnnConfig) -> Result<(), Error> {
        match self.drive {
            Drive::Supervised { feed_label: true, .. } if config.message_size < 2 => {
                Err(Error::Segment("a label is fed as number 1 of messages that have only number 0".into()))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn direction(&self, step: usize) -> Direction {
        match &self.drive {
            Drive::Messages { directions } => directions[step],
            Drive::Supervised { .. } => Direction::Forward,
        }
    }

    /// Forward part, backward part and extras of a row.
    fn split<'a>(&self, row: &'a [f32], sub_rnn: &SubRnn) -> (&'a [f32], &'a [f32], &'a [f32]) {
        let each = match self.drive {
            Drive::Messages { .. } => sub_rnn.config().message_size,
            Drive::Supervised { .. } => 1,
        };
        let (forward, rest) = row.split_at(self.topology.inputs() * each);
        let (backward, extras) = rest.split_at(self.topology.outputs() * each);
        (forward, backward, extras)
    }
}

/// Numbers 0 and 1 (0 where there is none) of the last layer's backward messages.
fn told(state: &State, sub_rnn: &SubRnn) -> [Vec<f32>; 2] {
    let messages = || state.backward_in.chunks_exact(sub_rnn.config().message_size);
    [0, 1].map(|component| messages().map(|message| message.get(component).copied().unwrap_or(0.0)).collect())
}

fn add(to: &mut [f32], from: impl Iterator<Item = f32>) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
}
