//! What all supervised streams have in common: show, let guess, reveal.

use crate::picture::{Picture, Tile, Tiles};
use crate::{Action, Environment, Rng, Space, Step};

/// Where the examples of one task come from.
pub trait Examples: Send + Clone {
    /// What inputs look like. The same for the whole life of the value.
    fn space(&self) -> Space;

    /// How many classes there are. The same for the whole life of the value.
    fn classes(&self) -> usize;

    /// Draws an example: writes its input, every number of it, and returns its label, one of `0..classes`.
    fn draw(&mut self, rng: &mut Rng, input: &mut [f32]) -> usize;
}

/// The environment in which `E`'s examples are to be classified, one after the other.
///
/// The observation is the input of an example and nothing else, the action is the guess, the reward is 1 if it is the
/// label and 0 if not. Episodes never end by themselves; each reset draws a new example.
///
/// ```
/// use vsml_envs::supervised::{Examples, SupervisedStream};
/// use vsml_envs::{Action, Environment, Rng, Space, rand::RngExt, stream};
///
/// /// Is the number positive?
/// #[derive(Clone)]
/// struct Positive;
///
/// impl Examples for Positive {
///     fn space(&self) -> Space {
///         Space::uniform_box(-1.0, 1.0, 1)
///     }
///     fn classes(&self) -> usize {
///         2
///     }
///     fn draw(&mut self, rng: &mut Rng, input: &mut [f32]) -> usize {
///         input[0] = rng.random_range(-1.0..1.0);
///         usize::from(input[0] > 0.0)
///     }
/// }
///
/// let (mut rng, mut observation) = (stream(1, "example", &[]), [0.0]);
/// let mut environment = SupervisedStream::new(Positive);
/// environment.reset(&mut rng, &mut observation);
/// let answer = usize::from(observation[0] > 0.0);
/// assert_eq!(environment.step(Action::Discrete(answer), &mut rng, &mut observation).reward, 1.0);
/// assert_eq!(environment.target(), Some(answer));
/// ```
#[derive(Clone, Debug)]
pub struct SupervisedStream<E> {
    examples: E,
    /// The input that is shown now.
    input: Vec<f32>,
    /// The label of the example that is shown now.
    label: usize,
    /// The label of the one before, which has been guessed at.
    target: Option<usize>,
}

impl<E: Examples> SupervisedStream<E> {
    /// A stream of `examples`.
    pub fn new(examples: E) -> Self {
        let input = vec![0.0; examples.space().flat_len()];
        SupervisedStream { examples, input, label: 0, target: None }
    }

    fn draw(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.label = self.examples.draw(rng, observation);
        self.input.copy_from_slice(observation);
    }
}

impl<E: Examples> Environment for SupervisedStream<E> {
    fn observation_space(&self) -> Space {
        self.examples.space()
    }

    fn action_space(&self) -> Space {
        Space::discrete(self.examples.classes())
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.draw(rng, observation);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        self.target = Some(self.label);
        let reward = if action.index() == self.label { 1.0 } else { 0.0 };
        self.draw(rng, observation);
        Step::going_on(reward)
    }

    fn target(&self) -> Option<usize> {
        self.target
    }

    fn picture(&self) -> Option<Picture> {
        let (least, greatest) =
            self.input.iter().fold((0.0f32, 1.0f32), |(least, greatest), &x| (least.min(x), greatest.max(x)));
        let (height, width) = match self.examples.space() {
            Space::Box { shape, .. } if shape.len() == 2 => (shape[0], shape[1]),
            _ => (1, self.input.len()),
        };
        let tiles = Tiles::new(width, height, |i| Tile::grey((self.input[i] - least) / (greatest - least)));
        Some(Picture::from(tiles).with_caption(format!("class {}", self.label)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    /// Counts: input n has the label n modulo 3.
    #[derive(Clone)]
    struct Counting(usize);

    impl Examples for Counting {
        fn space(&self) -> Space {
            Space::uniform_box(0.0, 100.0, 1)
        }
        fn classes(&self) -> usize {
            3
        }
        fn draw(&mut self, _: &mut Rng, input: &mut [f32]) -> usize {
            input[0] = self.0 as f32;
            self.0 += 1;
            (self.0 - 1) % 3
        }
    }

    #[test]
    fn the_target_belongs_to_the_observation_that_was_acted_on() {
        let (mut rng, mut observation) = (stream(0, "stream", &[]), [0.0]);
        let mut environment = SupervisedStream::new(Counting(0));
        environment.reset(&mut rng, &mut observation);
        assert_eq!(environment.target(), None, "nothing has been guessed yet");
        for step in 0..20 {
            let shown = observation[0] as usize;
            let answer = environment.step(Action::Discrete(1), &mut rng, &mut observation);
            assert_eq!(environment.target(), Some(shown % 3));
            assert_eq!(answer, Step::going_on(if shown % 3 == 1 { 1.0 } else { 0.0 }));
            if step % 5 == 4 {
                environment.reset(&mut rng, &mut observation);
                assert_eq!(environment.target(), Some(shown % 3), "a reset changes nothing about the last guess");
                assert_eq!(observation[0] as usize, shown + 2);
            }
        }
    }
}
