//! Networks that talk: one network, whose groups of neurons are agents.
//!
//! Forward messages of one network's last layer become forward messages to the first layers of the others, and backward
//! messages of those come back to it: what goes on between two layers of a network goes on between networks, and the same sub-RNN
//! sends and reads it. Each network has one more output neuron, its mouth, and for each of the others one more input neuron,
//! an ear. Nothing but the number of neurons depends on how many there are, so a team that was trained with three talks with
//! five.
//!
//! Messages arrive one step after they were sent, and nobody is spoken to before the first step.

use super::Life;
use crate::learner::Voice;
use std::ops::Range;

impl Life {
    /// Where the messages of an ear are among those of the first layer.
    fn ear(&self, ear: usize) -> Range<usize> {
        let message = self.message_size();
        let first = (self.observation_space.flat_len() + ear) * message;
        first..first + message
    }

    /// Where those of the mouth, the last output, are among those of the last layer.
    fn mouth(&self) -> Range<usize> {
        let end = self.state.forward_messages().len();
        end - self.message_size()..end
    }

    fn message_size(&self) -> usize {
        self.state.forward_messages().len() / (self.outputs.len() + 1)
    }
}

impl Voice for Life {
    fn says(&self) -> &[f32] {
        &self.state.forward_messages()[self.mouth()]
    }

    fn hears(&mut self, ear: usize, said: &[f32]) {
        let place = self.ear(ear);
        let (heard, len) = (&mut self.state.forward_in_mut()[place.clone()], said.len().min(place.len()));
        heard[..len].copy_from_slice(&said[..len]);
    }

    fn answers(&self, ear: usize) -> &[f32] {
        &self.state.backward_messages()[self.ear(ear)]
    }

    fn is_answered(&mut self, number: usize, count: usize, answer: &[f32]) {
        let place = self.mouth();
        let heard = &mut self.state.backward_in_mut()[place];
        if number == 0 {
            heard.fill(0.0);
        }
        heard.iter_mut().zip(answer).for_each(|(heard, answer)| *heard += answer / count as f32);
    }
}
