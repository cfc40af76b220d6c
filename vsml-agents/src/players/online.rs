//! Players of supervised streams: a network that learns online, one example at a time, by gradient descent.
//!
//! They are what a learning algorithm that was itself learnt has to be measured against: softmax regression, or a network
//! with one hidden layer, with SGD or Adam. The batch is one example, the loss is cross entropy, and there is one update
//! for each example, after its label has been told. The guess before it is the class of greatest probability, so the
//! reward counts how many examples were classified rightly *when they were first met*.
//!
//! A life in which nobody tells the right answer is not for them. Whether anybody does is only known after the first
//! action, so that is when they say so.

use super::dense::{Dense, Initial};
use crate::learner::{Learner, Secrets, Unable};
use vsml_envs::{Action, Feedback, Percept, Rng, Space};

/// More weights than this are refused: 256 MiB, and three times that with Adam.
const MAX_WEIGHTS: usize = 1 << 26;

/// How weights follow the gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descent {
    /// Stochastic gradient descent: `weight -= learning_rate * gradient`.
    Sgd,
    /// Adam (Kingma & Ba 2015), with decays of 0.9 and 0.999.
    Adam,
}

/// What an online player is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct OnlineConfig {
    /// How weights follow the gradient.
    pub descent: Descent,
    /// Size of a step.
    pub learning_rate: f32,
    /// Units of the hidden layer, which are tanh; 0 for none, which is softmax regression.
    pub hidden: usize,
    /// Where weights start.
    pub initial: Initial,
}

impl OnlineConfig {
    /// SGD without a hidden layer.
    pub fn sgd(learning_rate: f32) -> Self {
        OnlineConfig { descent: Descent::Sgd, learning_rate, hidden: 0, initial: Initial::Uniform }
    }

    /// Adam without a hidden layer.
    pub fn adam(learning_rate: f32) -> Self {
        OnlineConfig { descent: Descent::Adam, ..Self::sgd(learning_rate) }
    }

    /// Refuses settings that make no sense, by name.
    pub(super) fn check(&self) -> Result<(), String> {
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            return Err(format!("learning_rate is {}: it must be a finite number above 0", self.learning_rate));
        }
        if self.hidden > MAX_WEIGHTS {
            return Err(format!("hidden is {}: it must be at most {MAX_WEIGHTS}", self.hidden));
        }
        if self.hidden > 0 && self.initial == Initial::Zero {
            return Err("with initial=zero all hidden units stay alike: leave out one or the other".into());
        }
        Ok(())
    }
}

/// A network that learns online.
pub struct Online {
    config: OnlineConfig,
    life: Option<Life>,
}

/// The network of one life and what it is about to learn.
struct Life {
    /// The hidden layer, if there is one.
    hidden: Option<Dense>,
    output: Dense,
    /// What the network sees.
    input: Vec<f32>,
    /// What the output layer sees if there is a hidden one.
    units: Vec<f32>,
    /// Loss by what enters each hidden unit.
    unit_errors: Vec<f32>,
    /// Probability of each class; in feedback, loss by each logit.
    classes: Vec<f32>,
    guessed: bool,
    /// The last feedback did not tell what would have been right.
    untold: bool,
}

impl Online {
    /// A player with these settings.
    pub fn new(config: OnlineConfig) -> Self {
        Online { config, life: None }
    }

    /// Refuses to go on where nobody tells what would have been right.
    fn only_where_told(&self) -> Result<(), Unable> {
        match &self.life {
            Some(life) if life.untold => {
                Err(Unable("it needs a supervised stream, which tells what would have been right".into()))
            }
            _ => Ok(()),
        }
    }
}

impl Learner for Online {
    fn begin(&mut self, observation: &Space, action: &Space, rng: &mut Rng) -> Result<(), Unable> {
        let Space::Discrete { n: classes } = *action else {
            return Err(Unable("it classifies: it needs discrete actions".into()));
        };
        let (inputs, units) = (observation.flat_len(), self.config.hidden);
        let weights = if units == 0 {
            (inputs + 1).saturating_mul(classes)
        } else {
            units.saturating_mul(inputs + 1).saturating_add((units + 1).saturating_mul(classes))
        };
        if weights > MAX_WEIGHTS {
            let reason = format!("{inputs} inputs, {units} hidden units and {classes} classes make too many weights");
            return Err(Unable(format!("{reason}: at most {MAX_WEIGHTS} are allowed")));
        }
        let mut layer = |inputs, outputs| Dense::new(inputs, outputs, &self.config, rng);
        self.life = Some(Life {
            hidden: (units > 0).then(|| layer(inputs, units)),
            output: layer(if units > 0 { units } else { inputs }, classes),
            input: vec![0.0; inputs],
            units: vec![0.0; units],
            unit_errors: vec![0.0; units],
            classes: vec![0.0; classes],
            guessed: false,
            untold: false,
        });
        Ok(())
    }

    fn reveal(&mut self, _: &Secrets<'_>) -> Result<(), Unable> {
        self.only_where_told()
    }

    fn act(&mut self, percept: &Percept<'_>, _: &mut Rng) -> Result<Action<'_>, Unable> {
        self.only_where_told()?;
        let life = self.life.as_mut().ok_or_else(|| Unable("no life has begun".into()))?;
        life.input.copy_from_slice(percept.observation);
        life.classify();
        life.guessed = true;
        match greatest(&life.classes) {
            Some(guess) => Ok(Action::Discrete(guess)),
            None => Err(Unable("its weights have grown beyond all numbers: give a smaller learning_rate".into())),
        }
    }

    fn feedback(&mut self, feedback: &Feedback) {
        let Some(life) = self.life.as_mut().filter(|life| life.guessed) else { return };
        match feedback.target {
            Some(target) => life.learn(target),
            None => life.untold = true,
        }
        life.guessed = false;
    }
}

impl Life {
    /// From the input to the probabilities of the classes.
    fn classify(&mut self) {
        if let Some(hidden) = &self.hidden {
            hidden.forward(&self.input, &mut self.units);
            self.units.iter_mut().for_each(|unit| *unit = libm::tanhf(*unit));
            self.output.forward(&self.units, &mut self.classes);
        } else {
            self.output.forward(&self.input, &mut self.classes);
        }
        let greatest = self.classes.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        self.classes.iter_mut().for_each(|class| *class = libm::expf(*class - greatest));
        let sum: f32 = self.classes.iter().sum();
        self.classes.iter_mut().for_each(|class| *class /= sum);
    }

    /// One step down the cross entropy of the example that was guessed at.
    fn learn(&mut self, target: usize) {
        // The loss by a logit is the probability less what it should have been.
        if let Some(class) = self.classes.get_mut(target) {
            *class -= 1.0;
        }
        let errors = &self.classes;
        if let Some(hidden) = &mut self.hidden {
            self.output.backward(errors, &mut self.unit_errors);
            for (error, unit) in self.unit_errors.iter_mut().zip(&self.units) {
                *error *= 1.0 - unit * unit;
            }
            self.output.descend(&self.units, errors);
            hidden.descend(&self.input, &self.unit_errors);
        } else {
            self.output.descend(&self.input, errors);
        }
    }
}

/// The first index of the greatest number, or nothing if one is not finite.
fn greatest(numbers: &[f32]) -> Option<usize> {
    let greatest = numbers.iter().copied().reduce(f32::max)?;
    let finite = numbers.iter().all(|number| number.is_finite());
    numbers.iter().position(|&number| finite && number == greatest)
}
