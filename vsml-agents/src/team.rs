//! Many learners in one world.
//!
//! Agents of a team see and act at the same time, each for itself: each has a learner with a state and luck of its own, and
//! none knows of the others but by what the world shows. What they may share is theta: learners that were made of the same
//! meta-parameters are the same learning algorithm in different places, whatever they have come to know there and whatever
//! shape they have there. So one theta makes a team of any size.
//!
//! ```
//! use vsml_agents::{MetaLearner, Vsml, VsmlConfig, players, team::live_together};
//! use vsml_core::Kernel;
//! use vsml_envs::{LifetimeKey, Registry, Split, stream};
//!
//! let key = LifetimeKey { seed: 1, split: Split::Test, generation: 0, member: 0, lifetime: 0 };
//! let mut life = Registry::builtin().make_team("PrisonersDilemma-v0:steps=20")?.begin(&key)?;
//! let vsml = Vsml::new(VsmlConfig::default(), Kernel::detect())?;
//! let theta = vsml.initialise(&mut stream(1, "initialise", &[]));
//! let mut learners = [vsml.learner(&theta)?, players::make("tit-for-tat")?];
//! let scores = live_together(&mut learners, &mut life, &key, |_| {})?;
//! assert_eq!(scores.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::learner::{Learner, LifeError, LifeScore, Moment, Secrets, Unable, regret};
use smallvec::SmallVec;
use std::ops::DerefMut;
use vsml_envs::team::TeamLifetime;
use vsml_envs::{Action, LifetimeKey, Rng};

/// One step of a life in a team, of one agent, as whoever watches sees it.
#[derive(Clone, Copy, Debug)]
pub struct TeamMoment {
    /// The number of the agent.
    pub agent: usize,
    /// What it met. Steps and episodes are the team's.
    pub moment: Moment,
}

/// Lets `learners`, one for each agent in the order of the agents, live through `lifetime` together. The luck of the first is
/// the stream `learner` of `key`, so that one that is alone lives as with [`live`](crate::live); each of the others has a stream
/// of its own. `watch` sees every step of every agent. Steps and episodes of a score are those that the agent itself lived.
///
/// # Errors
/// What ended the life before its time. Nothing of it counts then, for anybody.
///
/// # Panics
/// If there is not one learner for each agent.
pub fn live_together<'l>(
    learners: &mut [impl DerefMut<Target = dyn Learner + 'l>],
    lifetime: &mut TeamLifetime,
    key: &LifetimeKey,
    mut watch: impl FnMut(&TeamMoment),
) -> Result<Vec<LifeScore>, LifeError> {
    assert_eq!(learners.len(), lifetime.len(), "a learner for each agent");
    let purpose = |agent: usize| if agent == 0 { "learner".into() } else { format!("learner/{agent}") };
    let mut rngs: Vec<Rng> = (0..learners.len()).map(|agent| key.stream(&purpose(agent))).collect();
    let agents = learners.len();
    for (agent, (learner, rng)) in learners.iter_mut().zip(&mut rngs).enumerate() {
        let joined = learner.join(agent, agents);
        joined.map_err(|reason| LifeError::Unsuited(of_agent(lifetime, agent, &reason)))?;
        let (observation, action) = (lifetime.observation_space(agent), lifetime.action_space(agent));
        let begun = learner.begin(observation, action, rng);
        begun.map_err(|reason| LifeError::Unsuited(of_agent(lifetime, agent, &reason)))?;
    }
    let talkers: Vec<usize> = (0..agents).filter(|agent| learners[*agent].voice().is_some()).collect();
    let mut scores = vec![LifeScore::default(); learners.len()];
    while !lifetime.is_over() {
        let (step, episode) = (lifetime.steps(), lifetime.episodes());
        if step > 0 && talkers.len() > 1 {
            talk(learners, &talkers);
        }
        let mut actions: SmallVec<[Option<Action<'_>>; 16]> = SmallVec::new();
        let mut regrets: SmallVec<[Option<f64>; 16]> = SmallVec::new();
        for (agent, (learner, rng)) in learners.iter_mut().zip(&mut rngs).enumerate() {
            let Some(percept) = lifetime.percept(agent) else {
                actions.push(None);
                regrets.push(None);
                continue;
            };
            let secrets = Secrets::of_agent(lifetime, agent)?;
            learner.reveal(&secrets).map_err(|reason| LifeError::Unsuited(of_agent(lifetime, agent, &reason)))?;
            let acted = learner.act(&percept, rng);
            let action = acted.map_err(|reason| LifeError::Learner(of_agent(lifetime, agent, &reason)))?;
            regrets.push(regret(secrets.expected_rewards(), action));
            actions.push(Some(action));
        }
        let told = lifetime.step(&actions)?;
        drop(actions);
        let told = learners.iter_mut().zip(&mut scores).zip(told.iter().zip(regrets)).enumerate();
        for (agent, ((learner, score), (feedback, regret))) in told {
            let Some(feedback) = feedback else { continue };
            learner.feedback(feedback);
            score.add(feedback.reward, regret);
            score.steps += 1;
            score.episodes += u64::from(feedback.episode_ended());
            watch(&TeamMoment { agent, moment: Moment { step, episode, reward: feedback.reward, regret } });
        }
    }
    Ok(scores)
}

/// Lets those who talk hear each other, and hear each other's answers. Answers are those to what was heard before the last
/// step, since nobody has thought about anything since.
fn talk<'l>(learners: &mut [impl DerefMut<Target = dyn Learner + 'l>], talkers: &[usize]) {
    let mut words: SmallVec<[f32; 16]> = SmallVec::new();
    for &speaker in talkers {
        let count = talkers.len() - 1;
        for (number, &listener) in talkers.iter().filter(|listener| **listener != speaker).enumerate() {
            let ear = |of: usize, other: usize| other - usize::from(other > of);
            copy(&mut words, learners[listener].voice().map(|voice| voice.answers(ear(listener, speaker))));
            if let Some(voice) = learners[speaker].voice() {
                voice.is_answered(number, count, &words);
            }
            copy(&mut words, learners[speaker].voice().map(|voice| voice.says()));
            if let Some(voice) = learners[listener].voice() {
                voice.hears(ear(listener, speaker), &words);
            }
        }
    }
}

fn copy(words: &mut SmallVec<[f32; 16]>, said: Option<&[f32]>) {
    words.clear();
    words.extend_from_slice(said.unwrap_or_default());
}

/// The reason, with the agent's name.
fn of_agent(lifetime: &TeamLifetime, agent: usize, reason: &Unable) -> Unable {
    Unable(format!("{}: {reason}", lifetime.name(agent)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MetaLearner, Vsml, VsmlConfig, live, players};
    use vsml_core::Kernel;
    use vsml_envs::{Registry, Split, stream};

    fn key(lifetime: u64) -> LifetimeKey {
        LifetimeKey { seed: 3, split: Split::Test, generation: 0, member: 0, lifetime }
    }

    #[test]
    fn a_team_of_one_lives_as_one_alone() {
        let registry = Registry::builtin();
        let vsml = Vsml::new(VsmlConfig::default(), Kernel::Scalar).unwrap();
        let theta = vsml.initialise(&mut stream(1, "initialise", &[]));
        for id in ["BernoulliBandit-v0:arms=3,steps=30", "CartPole-v1:episodes=3", "Pendulum-v1:steps=20"] {
            let mut alone = registry.make(id).unwrap().begin(&key(0)).unwrap();
            let mut learner = vsml.learner(&theta).unwrap();
            let expected = live(&mut *learner, &mut alone, &mut key(0).stream("learner"), |_| {}).unwrap();
            let mut team = registry.make_team(id).unwrap().begin(&key(0)).unwrap();
            let scores = live_together(&mut [learner], &mut team, &key(0), |_| {}).unwrap();
            assert_eq!(scores, [expected], "{id}");
        }
    }

    #[test]
    fn learners_of_one_theta_have_states_and_shapes_of_their_own() {
        // Three actions for the one, two for the other.
        let game = "MatrixGame-v0:payoffs=1/0 0/1; 0/1 1/0; 0.5/0.5 0.5/0.5,steps=50";
        let vsml = Vsml::new(VsmlConfig::default(), Kernel::Scalar).unwrap();
        let theta = vsml.initialise(&mut stream(1, "initialise", &[]));
        let mut seen = Vec::new();
        for _ in 0..2 {
            let mut learners = [vsml.learner(&theta).unwrap(), vsml.learner(&theta).unwrap()];
            let mut life = Registry::builtin().make_team(game).unwrap().begin(&key(0)).unwrap();
            let mut told = Vec::new();
            let scores = live_together(&mut learners, &mut life, &key(0), |moment| told.push(moment.moment.reward));
            assert_eq!(told.len(), 100);
            seen.push((scores.unwrap(), told));
        }
        assert_eq!(seen[0], seen[1]);
        assert_ne!(seen[0].0[0].reward, seen[0].0[1].reward);
    }

    #[test]
    fn whoever_cannot_live_there_is_named() {
        let mut learners = [players::make("random").unwrap(), players::make("always:arm=7").unwrap()];
        let mut life = Registry::builtin().make_team("Chicken-v0").unwrap().begin(&key(0)).unwrap();
        let error = live_together(&mut learners, &mut life, &key(0), |_| {}).unwrap_err();
        assert_eq!(error.to_string(), "cannot play this: column: there is no action 7 among 2");
    }
}
