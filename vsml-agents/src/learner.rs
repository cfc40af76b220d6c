//! What lives a lifetime: learners, and how one is lived.
//!
//! A [`Learner`] begins a life (told what observations and actions look like), acts on what it perceives, and is told what
//! came of it. Reference players (random, UCB1, an oracle) are learners too, so every table treats all alike. What makes
//! learners from meta-parameters is a [`MetaLearner`].

use crate::policy_gradient::{Record, Relived};
use crate::vsml::CloneConfig;
use serde::{Deserialize, Serialize};
use vsml_envs::tabular::Table;
use vsml_envs::team::TeamLifetime;
use vsml_envs::{Action, Fault, Feedback, Lifetime, Percept, Rng, Space};

/// Why a learner cannot live this life: another kind of action than it knows, an output that is not a number.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct Unable(pub String);

/// One that acts, and perhaps learns from what comes of it.
pub trait Learner: Send {
    /// Takes its seat in a team: it is number `agent` of `agents`. Called before a life begins, with 0 of 1 where it is alone;
    /// whoever is told nothing is alone.
    ///
    /// # Errors
    /// If there is no such seat for it.
    fn join(&mut self, agent: usize, agents: usize) -> Result<(), Unable> {
        let _ = (agent, agents);
        Ok(())
    }

    /// Another one of the same meta-parameters, which has not lived yet and takes less memory, and so less time, than one that is
    /// made anew; nothing where that is the same.
    fn sibling(&self) -> Option<Box<dyn Learner>> {
        None
    }

    /// How it talks with the others of its team; nothing where it does not.
    fn voice(&mut self) -> Option<&mut dyn Voice> {
        None
    }

    /// Begins a new life: forgets everything of the one before. Called before anything else but [`Learner::join`].
    ///
    /// # Errors
    /// If it cannot live with such spaces, and why. Tables then show "n/a".
    fn begin(&mut self, observation: &Space, action: &Space, rng: &mut Rng) -> Result<(), Unable>;

    /// Chooses what to do.
    ///
    /// # Errors
    /// If it has come to a state in which it cannot choose. The lifetime is then invalid.
    fn act(&mut self, percept: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable>;

    /// Is told what came of its last action.
    fn feedback(&mut self, feedback: &Feedback) {
        let _ = feedback;
    }

    /// What it remembers of its life, as numbers, for those who want to find out what of it is there; empty if it does not tell.
    fn memory(&self) -> Vec<f32> {
        Vec::new()
    }

    /// Goes on with other meta-parameters, and with the state that its life has come to.
    ///
    /// # Errors
    /// If it has no meta-parameters, or if `theta` does not fit.
    fn change_theta(&mut self, theta: &[f32]) -> Result<(), Unable> {
        let _ = theta;
        Err(Unable("this learner cannot take other meta-parameters while it lives".into()))
    }

    /// The messages that the layers of its network sent last, first layer first, for whoever looks on; nothing where it has no
    /// such network, or before a life begins.
    fn messages(&self) -> Option<Vec<LayerMessages>> {
        None
    }

    /// May look, before each action, at what the environment knows. For oracles: whoever else looks is cheating.
    ///
    /// # Errors
    /// If it cannot live without something that is not known, or that the feedback before this did not tell.
    fn reveal(&mut self, secrets: &Secrets<'_>) -> Result<(), Unable> {
        let _ = secrets;
        Ok(())
    }
}

/// The messages that a layer of sub-RNNs sent last.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerMessages {
    /// How many numbers a message has, M.
    pub message_size: usize,
    /// Forward messages: output neurons × M.
    pub forward: Vec<f32>,
    /// Backward messages: input neurons × M.
    pub backward: Vec<f32>,
}

/// Half of a conversation. Before each step in a team, everybody who talks hears what all others who talk have to say, and then
/// is told what they have to say to that. All of it is as it was after the step before, so the order of agents is nothing.
pub trait Voice {
    /// What it has to say to all others, after the first step of a life.
    fn says(&self) -> &[f32];

    /// Hears what another one has to say: number `ear` of the others, in the order of the agents. Of what is longer than its
    /// own words it hears the beginning.
    fn hears(&mut self, ear: usize, said: &[f32]);

    /// What it has to say to what it heard from that one.
    fn answers(&self, ear: usize) -> &[f32];

    /// Hears one of `count` answers to what it said. The first of a step is number 0.
    fn is_answered(&mut self, number: usize, count: usize, answer: &[f32]);
}

/// What an environment knows and a learner must find out; nothing is computed for those who do not look.
#[derive(Clone, Copy)]
pub struct Secrets<'a> {
    lifetime: Lived<'a>,
    expected_rewards: Option<&'a [f64]>,
}

/// A lifetime of one, or of a team.
#[derive(Clone, Copy)]
enum Lived<'a> {
    Alone(&'a Lifetime),
    Together(&'a TeamLifetime),
}

impl<'a> Secrets<'a> {
    /// Those of the present step of `lifetime`.
    ///
    /// # Errors
    /// If the environment knows something that is not a number.
    pub fn of(lifetime: &'a Lifetime) -> Result<Self, Fault> {
        Ok(Secrets { lifetime: Lived::Alone(lifetime), expected_rewards: lifetime.expected_rewards()? })
    }

    /// Those of the present step of one agent of a team.
    ///
    /// # Errors
    /// If the environment knows something that is not a number.
    pub fn of_agent(lifetime: &'a TeamLifetime, agent: usize) -> Result<Self, Fault> {
        Ok(Secrets { lifetime: Lived::Together(lifetime), expected_rewards: lifetime.expected_rewards(agent)? })
    }

    /// The expected reward of every action if taken now, where the environment knows them.
    pub fn expected_rewards(&self) -> Option<&'a [f64]> {
        self.expected_rewards
    }

    /// The true process, where the environment is one with finitely many states and every action does in it what the
    /// learner calls it. Its states may be seen in another order, and it knows of no time limit.
    pub fn table(&self) -> Option<&'a Table> {
        match self.lifetime {
            Lived::Alone(lifetime) => lifetime.table().ok().flatten(),
            Lived::Together(lifetime) => lifetime.table().ok().flatten(),
        }
    }
}

/// What makes learners from meta-parameters.
pub trait MetaLearner: Send + Sync {
    /// Number of meta-parameters.
    fn parameter_count(&self) -> usize;

    /// Draws initial meta-parameters.
    fn initialise(&self, rng: &mut Rng) -> Vec<f32>;

    /// Makes the learner that `theta` is.
    ///
    /// # Errors
    /// If `theta` does not fit.
    fn learner(&self, theta: &[f32]) -> Result<Box<dyn Learner>, Unable>;

    /// Lives through `lifetime` as [`live`] would, and differentiates its loss by `theta`, through time. The way back is
    /// gone after every `truncation` steps; 0: after the whole life.
    ///
    /// # Errors
    /// As [`live`]; and if this kind of learner has no gradient, or this life no loss.
    fn differentiate(
        &self,
        theta: &[f32],
        lifetime: &mut Lifetime,
        rng: &mut Rng,
        truncation: u64,
    ) -> Result<(LifeScore, Slope), LifeError> {
        let _ = (theta, lifetime, rng, truncation);
        Err(LifeError::Unsuited(Unable("this learner cannot be differentiated: use evolution strategies".into())))
    }

    /// Numbers of a critic, which guesses what a life is still going to bring; 0 where there is none.
    fn critic_count(&self) -> usize {
        0
    }

    /// Lives recorded lives again, with the same observations, actions and answers, but with `parameters`: theta, and behind
    /// it a critic's numbers.
    ///
    /// # Errors
    /// If this kind of learner has no way back, or cannot live such lives.
    fn relive<'a>(&'a self, parameters: &'a [f32], lives: &[&Record]) -> Result<Box<dyn Relived + 'a>, Unable> {
        let _ = (parameters, lives);
        Err(Unable("this learner has no policy gradient: use evolution strategies".into()))
    }

    /// How far from backpropagation the learner is on random messages, and the derivatives of that.
    ///
    /// # Errors
    /// If this kind of learner, or this configuration of it, cannot be a clone of backpropagation.
    fn clone_backpropagation(&self, theta: &[f32], config: &CloneConfig, rng: &mut Rng) -> Result<Slope, Unable> {
        let _ = (theta, config, rng);
        Err(Unable("only a VSML learner can be a clone of backpropagation".into()))
    }
}

/// What a loss is, and its derivatives.
#[derive(Clone, Debug, PartialEq)]
pub struct Slope {
    /// Mean over the steps of the life.
    pub loss: f64,
    /// Derivative of the loss with respect to each meta-parameter.
    pub gradient: Vec<f64>,
}

/// One step of a life, as whoever watches sees it.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Number of the step in the lifetime, from 0.
    pub step: u64,
    /// Number of the episode in the lifetime, from 0.
    pub episode: u64,
    /// The reward.
    pub reward: f64,
    /// How much more the best action would have yielded in expectation, where the environment knows.
    pub regret: Option<f64>,
}

/// What a life came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LifeScore {
    /// Sum of rewards.
    pub reward: f64,
    /// Sum of expected regrets: at each step the best expected reward less that of the action taken. Absent where the
    /// environment does not know them.
    pub regret: Option<f64>,
    /// Steps lived.
    pub steps: u64,
    /// Episodes finished.
    pub episodes: u64,
}

impl LifeScore {
    /// Adds what a step came to.
    pub(crate) fn add(&mut self, reward: f64, regret: Option<f64>) {
        self.reward += reward;
        if let Some(regret) = regret {
            self.regret = Some(self.regret.unwrap_or(0.0) + regret);
        }
    }
}

/// How much more the best action would have yielded, where that is known.
pub(crate) fn regret(expected: Option<&[f64]>, action: Action<'_>) -> Option<f64> {
    match (expected, action) {
        (Some(expected), Action::Discrete(index)) => {
            let best = expected.iter().copied().reduce(f64::max);
            best.zip(expected.get(index)).map(|(best, mean)| best - mean)
        }
        _ => None,
    }
}

/// Why a life ended before its time.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LifeError {
    /// The environment misbehaved.
    #[error(transparent)]
    Environment(#[from] Fault),
    /// The learner cannot live this life at all.
    #[error("cannot play this: {0}")]
    Unsuited(Unable),
    /// The learner came to a state in which it could not act.
    #[error("the learner could not act: {0}")]
    Learner(Unable),
}

impl LifeError {
    /// One word for counting: the fault's kind, `unsuited`, or `learner`.
    pub fn kind(&self) -> &'static str {
        match self {
            LifeError::Environment(fault) => fault.kind(),
            LifeError::Unsuited(_) => "unsuited",
            LifeError::Learner(_) => "learner",
        }
    }
}

/// Lets `learner` live through `lifetime`; `rng` is the learner's luck. `watch` sees every step.
///
/// # Errors
/// What ended the life before its time. Nothing of it counts then.
pub fn live(
    learner: &mut dyn Learner,
    lifetime: &mut Lifetime,
    rng: &mut Rng,
    watch: impl FnMut(&Moment),
) -> Result<LifeScore, LifeError> {
    learner.begin(lifetime.observation_space(), lifetime.action_space(), rng).map_err(LifeError::Unsuited)?;
    go_on(learner, lifetime, rng, u64::MAX, watch)
}

/// Lets `learner` go on living through `lifetime`, which it has begun: for so many steps, or to the end. Rewards and regrets are
/// those of these steps, steps and episodes those of the lifetime so far.
///
/// # Errors
/// As [`live`].
pub(crate) fn go_on(
    learner: &mut dyn Learner,
    lifetime: &mut Lifetime,
    rng: &mut Rng,
    steps: u64,
    mut watch: impl FnMut(&Moment),
) -> Result<LifeScore, LifeError> {
    let end = lifetime.steps().saturating_add(steps);
    let mut score = LifeScore::default();
    while !lifetime.is_over() && lifetime.steps() < end {
        let secrets = Secrets::of(lifetime)?;
        learner.reveal(&secrets).map_err(LifeError::Unsuited)?;
        let expected = secrets.expected_rewards();
        let action = learner.act(&lifetime.percept(), rng).map_err(LifeError::Learner)?;
        let regret = regret(expected, action);
        let moment = (lifetime.steps(), lifetime.episodes());
        let feedback = lifetime.step(action)?;
        learner.feedback(&feedback);
        watch(&Moment { step: moment.0, episode: moment.1, reward: feedback.reward, regret });
        score.add(feedback.reward, regret);
    }
    Ok(LifeScore { steps: lifetime.steps(), episodes: lifetime.episodes(), ..score })
}
