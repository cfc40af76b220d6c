//! The gradient of a life's loss: what a learner keeps while it lives, and how it goes back.
//!
//! The loss is the cross entropy of each guess, given what was right, averaged over the life. The gradient flows back
//! through the network's state and through the error that it was told, which is a function of its own outputs, as in the
//! original; flags, rewards and observations are given. With truncation, the way back is gone after every so many steps,
//! and no further: the state goes on, the gradient does not.

use super::{INPUT_COMPONENT, VsmlConfig};
use crate::learner::{LifeError, Slope, Unable};
use vsml_core::{Adjoint, SubRnn, Tape, Topology, softmax};

/// One step as the way back needs it.
struct Answer {
    /// Number of the tick that acted, on the tape.
    acted: usize,
    outputs: Vec<f32>,
    target: Option<usize>,
}

pub(super) struct Recorder {
    /// So many steps are gone back at a time; 0 for all.
    truncation: u64,
    tape: Tape,
    answers: Vec<Answer>,
    adjoint: Option<Adjoint>,
    loss: f64,
    steps: u64,
    /// What went wrong on the way back, or what there is no gradient of.
    failure: Option<String>,
}

impl Recorder {
    pub fn new(truncation: u64) -> Self {
        Recorder {
            truncation,
            tape: Tape::new(),
            answers: Vec::new(),
            adjoint: None,
            loss: 0.0,
            steps: 0,
            failure: None,
        }
    }

    pub fn tape(&mut self) -> &mut Tape {
        &mut self.tape
    }

    /// The environment has answered to what the last tick on the tape gave out.
    pub fn answered(&mut self, outputs: &[f32], target: Option<usize>) {
        self.answers.push(Answer { acted: self.tape.len() - 1, outputs: outputs.to_vec(), target });
    }

    /// Goes back over all that is recorded, where nobody was told what is right. `add` adds what the state and the outputs
    /// of a step, given by its number, are worth to the loss.
    pub fn retrace(&self, sub_rnn: &SubRnn, adjoint: &mut Adjoint, mut add: impl FnMut(usize, &[f32], &mut Adjoint)) {
        let mut end = self.tape.len();
        for (step, answer) in self.answers.iter().enumerate().rev() {
            (answer.acted + 1..end).rev().for_each(|pass| sub_rnn.take_back(&self.tape, pass, adjoint));
            add(step, &answer.outputs, adjoint);
            sub_rnn.take_back(&self.tape, answer.acted, adjoint);
            end = answer.acted;
        }
    }

    pub fn go_back_if_due(&mut self, config: &VsmlConfig, sub_rnn: &SubRnn, topology: &Topology) {
        if self.truncation > 0 && self.answers.len() as u64 == self.truncation {
            self.go_back(config, sub_rnn, topology);
        }
    }

    /// Goes back over all that is recorded, and forgets it.
    fn go_back(&mut self, config: &VsmlConfig, sub_rnn: &SubRnn, topology: &Topology) {
        if self.adjoint.is_none() {
            match Adjoint::zeros(sub_rnn, topology) {
                Ok(adjoint) => self.adjoint = Some(adjoint),
                Err(error) => self.failure = Some(error.to_string()),
            }
        }
        let Some(adjoint) = &mut self.adjoint else { return };
        let outputs = topology.outputs();
        let (mut of_y, mut p) = (vec![0.0; outputs], vec![0.0; outputs]);
        let mut of_error = vec![0.0; outputs];
        for answer in self.answers.iter().rev() {
            let Some(target) = answer.target else {
                let reason =
                    "its environment does not tell what would have been right, so there is no loss to differentiate";
                self.failure = Some(reason.into());
                break;
            };
            if config.feedback_tick {
                sub_rnn.take_back(&self.tape, answer.acted + 1, adjoint);
                of_error.iter_mut().zip(adjoint.of_backward(INPUT_COMPONENT)).for_each(|(to, from)| *to = from);
            }
            softmax(&answer.outputs, config.logit_scale, &mut p);
            self.loss -= f64::from(p[target].max(f32::MIN_POSITIVE)).ln();
            // Of the error p - label by the way of p, and of the loss, whose derivative is that same error.
            let mean: f32 = p.iter().zip(&of_error).map(|(p, of_e)| p * of_e).sum();
            for (k, of_y) in of_y.iter_mut().enumerate() {
                let label = if k == target { 1.0 } else { 0.0 };
                *of_y = config.logit_scale * (p[k] * (of_error[k] - mean) + p[k] - label);
            }
            sub_rnn.add_of_outputs(&answer.outputs, &of_y, adjoint);
            sub_rnn.take_back(&self.tape, answer.acted, adjoint);
            if !config.feedback_tick {
                of_error.iter_mut().zip(adjoint.of_backward(INPUT_COMPONENT)).for_each(|(to, from)| *to = from);
            }
        }
        self.steps += self.answers.len() as u64;
        adjoint.clear_state();
        self.tape.clear();
        self.answers.clear();
    }

    /// Loss and gradient of the whole life.
    pub fn finish(mut self, config: &VsmlConfig, sub_rnn: &SubRnn, topology: &Topology) -> Result<Slope, LifeError> {
        self.go_back(config, sub_rnn, topology);
        match (self.failure, self.adjoint) {
            (None, Some(adjoint)) if self.steps > 0 => {
                let steps = self.steps as f64;
                let gradient = adjoint.theta().iter().map(|g| g / steps).collect();
                Ok(Slope { loss: self.loss / steps, gradient })
            }
            (failure, _) => Err(LifeError::Unsuited(Unable(failure.unwrap_or("the life was empty".into())))),
        }
    }
}
