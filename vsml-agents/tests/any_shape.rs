//! One theta, any task: other numbers of arms, other grids, another world; and neurons without names.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use vsml_agents::{Learner, MetaLearner, Vsml, VsmlConfig, VsmlLearner, live};
use vsml_core::Kernel;
use vsml_envs::{Feedback, LifetimeKey, Percept, Registry, Rng, Space, Split, stream};

/// Meta-parameters that make a lively learner: initial ones, twice as large.
fn theta(vsml: &Vsml) -> Vec<f32> {
    vsml.initialise(&mut stream(7, "theta", &[])).iter().map(|x| 2.0 * x).collect()
}

#[test]
fn one_theta_lives_on_every_shape() {
    let registry = Registry::builtin();
    for config in
        [VsmlConfig::default(), VsmlConfig::symla(), VsmlConfig { hidden_layers: vec![5], ..VsmlConfig::default() }]
    {
        let vsml = Vsml::new(config.clone(), Kernel::detect()).unwrap();
        let theta = theta(&vsml);
        let mut learner = vsml.learner(&theta).unwrap();
        for id in [
            "BernoulliBandit-v0:arms=2",
            "BernoulliBandit-v0:arms=5",
            "BernoulliBandit-v0:arms=10",
            "BernoulliBandit-v0:arms=50",
            "HeartsAndTraps-v0:size=3",
            "HeartsAndTraps-v0:size=5,view=whole",
            "HeartsAndTraps-v0:size=9,view=whole,walls=8",
            "CartPole-v1",
            "CartPole-v1:episodes=3,permute_observations=true",
        ] {
            let key = LifetimeKey { seed: 1, split: Split::Test, generation: 0, member: 0, lifetime: 0 };
            let mut life = registry.make(id).unwrap().begin(&key).unwrap();
            let score = live(&mut *learner, &mut life, &mut key.stream("learner"), |_| {}).unwrap();
            assert!(score.steps >= 20 && score.reward.is_finite(), "{id}: {score:?}");
        }
    }
}

const OBSERVATIONS: [usize; 4] = [2, 0, 3, 1];
const ACTIONS: [usize; 3] = [1, 2, 0];

fn permuted(values: &[f32], order: &[usize]) -> Vec<f32> {
    order.iter().map(|&i| values[i]).collect()
}

fn begun(vsml: &Vsml, rng: &mut Rng) -> VsmlLearner {
    let mut learner = vsml.vsml_learner(&theta(vsml)).unwrap();
    learner.begin(&Space::uniform_box(-1.0, 1.0, 4), &Space::discrete(3), rng).unwrap();
    learner
}

/// Permuting observations and actions together with the initial states permutes the behaviour exactly: over a whole life,
/// in which both are given the same actions (by name), the probabilities are the same numbers in another order.
#[test]
fn permuting_senses_and_actions_permutes_the_behaviour_exactly() {
    for config in [VsmlConfig::default(), VsmlConfig::symla()] {
        // The scalar kernel adds in f64, where the order of the neurons leaves no trace.
        let vsml = Vsml::new(config.clone(), Kernel::Scalar).unwrap();
        let mut rng = stream(1, "symmetry", &[]);
        let (mut first, mut second) = (begun(&vsml, &mut rng), begun(&vsml, &mut rng));
        for (a, &of_a) in OBSERVATIONS.iter().enumerate() {
            for (b, &of_b) in ACTIONS.iter().enumerate() {
                let cell = first.state_mut().unwrap().cell(0, of_a * ACTIONS.len() + of_b).to_vec();
                second.state_mut().unwrap().cell_mut(0, a * ACTIONS.len() + b).copy_from_slice(&cell);
            }
        }
        let (mut behaviour, mut actions) = (Vec::new(), Vec::new());
        for step in 0..300 {
            let observation: Vec<f32> = (0..4).map(|i| ((step * (3 + i)) as f32 * 0.37).sin()).collect();
            let begins = step % 60 == 0;
            let percept = Percept { observation: &observation, episode_begins: begins };
            let action = first.act(&percept, &mut rng).unwrap().index();
            let observation = permuted(&observation, &OBSERVATIONS);
            let percept = Percept { observation: &observation, episode_begins: begins };
            let same_action = ACTIONS.iter().position(|&of_b| of_b == action).unwrap();
            act_as(&mut second, &percept, same_action);
            assert_eq!(permuted(first.probabilities(), &ACTIONS), second.probabilities(), "step {step}, {config:?}");
            let feedback = Feedback {
                reward: if action == 1 { 1.0 } else { -0.5 },
                terminated: step % 60 == 59,
                truncated: false,
                target: None,
            };
            first.feedback(&feedback);
            second.feedback(&feedback);
            behaviour.push(first.probabilities()[0]);
            actions.push(action);
        }
        assert!(
            behaviour.windows(2).any(|pair| (pair[0] - pair[1]).abs() > 0.01),
            "the learner must react to something"
        );
        assert!((0..3).all(|action| actions.contains(&action)), "all actions must come up");
    }
}

/// Lets `learner` act with such luck that it takes `action`.
fn act_as(learner: &mut VsmlLearner, percept: &Percept<'_>, action: usize) {
    let before = learner.state_mut().unwrap().clone();
    for attempt in 0.. {
        let chosen = learner.act(percept, &mut stream(attempt, "luck", &[])).unwrap().index();
        if chosen == action {
            return;
        }
        learner.state_mut().unwrap().clone_from(&before);
    }
}
