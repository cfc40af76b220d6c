//! Lives as they were lived, to be lived again.

use crate::learner::{Learner, Unable, Voice};
use vsml_envs::{Action, Feedback, Percept, Rng, Space};

/// A life in a discrete action space, step by step.
#[derive(Clone, Debug)]
pub struct Record {
    /// What observations look like.
    pub observation_space: Space,
    /// What actions look like.
    pub action_space: Space,
    /// The learner's luck as it was when the life began.
    pub luck: Rng,
    /// The observations, flat, one after the other.
    pub observations: Vec<f32>,
    /// Whether each was the first of an episode.
    pub begins: Vec<bool>,
    /// The actions.
    pub actions: Vec<usize>,
    /// What came of each action.
    pub feedback: Vec<Feedback>,
}

impl Record {
    /// Steps lived.
    pub fn len(&self) -> usize {
        self.feedback.len()
    }

    /// Whether nothing was lived.
    pub fn is_empty(&self) -> bool {
        self.feedback.is_empty()
    }

    /// Number of actions there are to choose from.
    pub fn action_count(&self) -> usize {
        self.action_space.flat_len()
    }

    /// The observation of step `step`.
    pub fn observation(&self, step: usize) -> &[f32] {
        let len = self.observation_space.flat_len();
        &self.observations[step * len..][..len]
    }

    /// That its actions were drawn from what the learner thought, as a policy gradient needs them: who is told what would have been
    /// right answers by the greatest logit.
    ///
    /// # Errors
    /// If it is a life in a supervised stream.
    pub(crate) fn check_draws(&self) -> Result<(), Unable> {
        if self.feedback.iter().any(|feedback| feedback.target.is_some()) {
            let reason = "a supervised stream tells what would have been right: use gradient-descent";
            return Err(Unable(reason.into()));
        }
        Ok(())
    }

    /// The reward of each step.
    pub fn rewards(&self) -> impl DoubleEndedIterator<Item = f64> {
        self.feedback.iter().map(|feedback| feedback.reward)
    }
}

/// A learner whose life is written down.
pub(crate) struct Recorded<'a> {
    learner: &'a mut dyn Learner,
    record: Option<Record>,
}

impl<'a> Recorded<'a> {
    pub fn new(learner: &'a mut dyn Learner) -> Self {
        Recorded { learner, record: None }
    }

    /// What was written down of the last life.
    pub fn record(self) -> Option<Record> {
        self.record
    }
}

impl Learner for Recorded<'_> {
    fn join(&mut self, agent: usize, agents: usize) -> Result<(), Unable> {
        self.learner.join(agent, agents)
    }

    fn voice(&mut self) -> Option<&mut dyn Voice> {
        self.learner.voice()
    }

    fn begin(&mut self, observation: &Space, action: &Space, rng: &mut Rng) -> Result<(), Unable> {
        if !matches!(action, Space::Discrete { .. }) {
            return Err(Unable("policy gradients are for Discrete action spaces: use evolution strategies".into()));
        }
        self.record = Some(Record {
            observation_space: observation.clone(),
            action_space: action.clone(),
            luck: rng.clone(),
            observations: Vec::new(),
            begins: Vec::new(),
            actions: Vec::new(),
            feedback: Vec::new(),
        });
        self.learner.begin(observation, action, rng)
    }

    fn act(&mut self, percept: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        let action = self.learner.act(percept, rng)?;
        if let (Some(record), Action::Discrete(action)) = (&mut self.record, action) {
            record.observations.extend_from_slice(percept.observation);
            record.begins.push(percept.episode_begins);
            record.actions.push(action);
        }
        Ok(action)
    }

    fn feedback(&mut self, feedback: &Feedback) {
        if let Some(record) = &mut self.record {
            record.feedback.push(*feedback);
        }
        self.learner.feedback(feedback);
    }
}
