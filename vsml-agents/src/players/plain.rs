//! Players that learn nothing.

use crate::learner::{Learner, Secrets, Unable};
use vsml_envs::{Action, OwnedAction, Percept, Rng, Space};

/// Any action, equally likely ([`Space::sample`]).
#[derive(Default)]
pub struct Random {
    life: Option<(Space, OwnedAction)>,
}

impl Learner for Random {
    fn begin(&mut self, _: &Space, action: &Space, _: &mut Rng) -> Result<(), Unable> {
        self.life = Some((action.clone(), action.zero()));
        Ok(())
    }

    fn act(&mut self, _: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        let (space, action) = self.life.as_mut().ok_or_else(|| Unable("no life has begun".into()))?;
        space.sample_into(rng, action);
        Ok(action.borrow())
    }
}

/// Always the same discrete action.
pub struct Always {
    arm: usize,
}

impl Always {
    /// Always `arm`, counted from 0.
    pub fn new(arm: usize) -> Self {
        Always { arm }
    }
}

impl Learner for Always {
    fn begin(&mut self, _: &Space, action: &Space, _: &mut Rng) -> Result<(), Unable> {
        match action {
            Space::Discrete { n } if self.arm < *n => Ok(()),
            Space::Discrete { n } => Err(Unable(format!("there is no action {} among {n}", self.arm))),
            _ => Err(Unable("it needs discrete actions".into())),
        }
    }

    fn act(&mut self, _: &Percept<'_>, _: &mut Rng) -> Result<Action<'_>, Unable> {
        Ok(Action::Discrete(self.arm))
    }
}

/// The action of greatest expected reward, which it is shown: the first of them where there are several. What nobody
/// can beat in a bandit, because nobody else knows.
#[derive(Default)]
pub struct Oracle {
    best: Option<usize>,
}

impl Learner for Oracle {
    fn begin(&mut self, _: &Space, _: &Space, _: &mut Rng) -> Result<(), Unable> {
        self.best = None;
        Ok(())
    }

    fn reveal(&mut self, secrets: &Secrets<'_>) -> Result<(), Unable> {
        let unknown = || Unable("the oracle needs an environment that knows its expected rewards".into());
        let expected_rewards = secrets.expected_rewards().ok_or_else(unknown)?;
        let greatest = expected_rewards.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        self.best = expected_rewards.iter().position(|&reward| reward == greatest);
        Ok(())
    }

    fn act(&mut self, _: &Percept<'_>, _: &mut Rng) -> Result<Action<'_>, Unable> {
        self.best.map(Action::Discrete).ok_or_else(|| Unable("nothing has been revealed to the oracle".into()))
    }
}
