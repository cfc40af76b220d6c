//! An environment that plays from a script: for tests of wrappers.

use crate::{Action, Environment, OwnedAction, Rng, Space, Step, stream};

/// Shows `observations` and pays `rewards` one after the other, whatever is done, and writes down what is.
#[derive(Clone, Debug)]
pub(super) struct Scripted {
    pub(super) space: Space,
    pub(super) actions: Space,
    /// Shown in turn from the reset on, then over again.
    pub(super) observations: Vec<Vec<f32>>,
    /// The episode terminates with the last; if there is none, it never does and pays nothing.
    pub(super) rewards: Vec<f64>,
    pub(super) expected: Option<Vec<f64>>,
    /// The target after each step, in turn.
    pub(super) targets: Vec<usize>,
    /// All actions so far.
    pub(super) taken: Vec<OwnedAction>,
    /// Steps since the last reset.
    pub(super) step: usize,
}

impl Scripted {
    pub(super) fn showing(space: Space, observations: &[&[f32]]) -> Self {
        Scripted {
            space,
            actions: Space::discrete(3),
            observations: observations.iter().map(|numbers| numbers.to_vec()).collect(),
            rewards: vec![],
            expected: None,
            targets: vec![],
            taken: vec![],
            step: 0,
        }
    }

    pub(super) fn paying(rewards: &[f64]) -> Self {
        Scripted { rewards: rewards.to_vec(), ..Self::showing(Space::uniform_box(0.0, 1.0, 1), &[&[0.5]]) }
    }

    pub(super) fn taking(actions: Space) -> Self {
        Scripted { actions, ..Self::paying(&[]) }
    }

    fn show(&self, observation: &mut [f32]) {
        observation.copy_from_slice(&self.observations[self.step % self.observations.len()]);
    }
}

impl Environment for Scripted {
    fn observation_space(&self) -> Space {
        self.space.clone()
    }
    fn action_space(&self) -> Space {
        self.actions.clone()
    }
    fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
        self.step = 0;
        self.show(observation);
    }
    fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
        assert!(self.actions.contains(action), "{action:?} is not of {:?}", self.actions);
        self.taken.push(match action {
            Action::Discrete(index) => OwnedAction::Discrete(index),
            Action::Continuous(numbers) => OwnedAction::Continuous(numbers.to_vec()),
            Action::MultiDiscrete(indices) => OwnedAction::MultiDiscrete(indices.to_vec()),
            Action::MultiBinary(bits) => OwnedAction::MultiBinary(bits.to_vec()),
        });
        self.step += 1;
        self.show(observation);
        let reward = self.rewards.get(self.step - 1).copied().unwrap_or(0.0);
        Step { reward, terminated: self.step == self.rewards.len(), truncated: false }
    }
    fn expected_rewards(&self) -> Option<&[f64]> {
        self.expected.as_deref()
    }
    fn target(&self) -> Option<usize> {
        self.targets.get(self.step.checked_sub(1)?).copied()
    }
}

/// Resets `environment` and steps it to the end of the episode, at most `steps` times: all that it answers.
pub(super) fn episode(environment: &mut impl Environment, steps: usize) -> (Vec<Vec<f32>>, Vec<Step>) {
    let mut rng = stream(0, "scripted", &[]);
    let (space, action) = (environment.observation_space(), environment.action_space().zero());
    assert_eq!(space.fault(), None);
    let mut observation = vec![f32::NAN; space.flat_len()];
    environment.reset(&mut rng, &mut observation);
    let (mut shown, mut answers) = (vec![observation.clone()], Vec::new());
    while answers.len() < steps && !answers.last().is_some_and(Step::ended) {
        observation.fill(f32::NAN);
        answers.push(environment.step(action.borrow(), &mut rng, &mut observation));
        shown.push(observation.clone());
    }
    for observation in &shown {
        assert!(space.contains_flat(observation), "{observation:?} is not of {space:?}");
    }
    (shown, answers)
}

/// The rewards of an episode.
pub(super) fn rewards(environment: &mut impl Environment) -> Vec<f64> {
    episode(environment, 1000).1.iter().map(|step| step.reward).collect()
}

/// The observations of a reset and so many steps.
pub(super) fn shown(environment: &mut impl Environment, steps: usize) -> Vec<Vec<f32>> {
    episode(environment, steps).0
}
