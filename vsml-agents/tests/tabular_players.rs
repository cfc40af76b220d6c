//! Players of tabular tasks: what they learn, where they belong, and that a life leaves no trace in the next.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use vsml_agents::evaluation::{Evaluation, evaluate};
use vsml_agents::players::{QLearning, Sarsa, TemporalDifferenceConfig};
use vsml_agents::{Learner, Unable, live, players};
use vsml_envs::{Action, Feedback, LifetimeKey, Percept, Registry, Space, Split, stream};

const PLAYERS: [&str; 7] = ["psrl", "beb", "ucrl2", "greedy-mdp", "oracle-mdp", "q-learning", "sarsa"];

fn played(player: &str, id: &str, lives: u64) -> Evaluation {
    let make = || players::make(player).map_err(|error| Unable(error.to_string()));
    evaluate(player, &make, &Registry::builtin().make(id).unwrap().into(), Split::Test, 7, lives, &|_| {})
}

fn mean(player: &str, id: &str, lives: u64) -> f64 {
    played(player, id, lives).summary().unwrap_or_else(|| panic!("{player} does not play {id}")).mean
}

#[test]
fn a_life_leaves_no_trace_in_the_next() {
    let tasks = Registry::builtin().make("RandomMdp-v0:states=4").unwrap();
    let reward = |player: &mut dyn Learner, lifetime| {
        let key = LifetimeKey { seed: 1, split: Split::Test, generation: 0, member: 0, lifetime };
        live(player, &mut tasks.begin(&key).unwrap(), &mut key.stream("learner"), |_| {}).unwrap().reward
    };
    for spec in PLAYERS {
        let mut used = players::make(spec).unwrap();
        let first = reward(&mut *used, 0);
        assert_ne!(reward(&mut *used, 1), first);
        assert_eq!(reward(&mut *used, 0), first, "{spec}");
        assert_eq!(reward(&mut *players::make(spec).unwrap(), 1), reward(&mut *used, 1), "{spec}");
    }
}

#[test]
fn what_is_not_tabular_is_refused_with_the_reason() {
    for player in PLAYERS {
        for id in ["CartPole-v1", "Pendulum-v1", "RandomMdp-v0:noise_observations=0.1"] {
            let reason = played(player, id, 2).unsuited.unwrap();
            assert!(reason.contains("tabular tasks"), "{player} on {id}: {reason}");
        }
    }
}

#[test]
fn with_nothing_to_see_there_is_one_state() {
    let random = mean("random", "BernoulliBandit-v0:kind=easy", 50);
    for player in ["psrl", "beb", "ucrl2", "greedy-mdp", "q-learning", "sarsa"] {
        assert!(mean(player, "BernoulliBandit-v0:kind=easy", 50) > random + 15.0, "{player}");
    }
}

#[test]
fn the_oracle_gets_what_the_table_says_and_nobody_more() {
    let id = "RandomMdp-v0:states=4,actions=3,reward_noise=0,episodes=20";
    let tasks = Registry::builtin().make(id).unwrap();
    let values: Vec<f64> = (0..300)
        .map(|lifetime| {
            let key = LifetimeKey { seed: 7, split: Split::Test, generation: 0, member: 0, lifetime };
            let task = tasks.sample(&key).unwrap();
            let table = task.table().unwrap();
            20.0 * table.start_value(table.plan(10, 1.0).values(10))
        })
        .collect();
    let oracle = played("oracle-mdp", id, 300);
    let differences: Vec<f64> = oracle.lives.iter().zip(&values).map(|(life, value)| life.reward - value).collect();
    let (mean_difference, error) =
        (vsml_agents::statistics::mean(&differences), vsml_agents::statistics::standard_error(&differences));
    assert!(mean_difference.abs() < 4.0 * error && error < 2.0, "{mean_difference} ± {error}");
    for player in ["psrl", "beb", "ucrl2", "greedy-mdp", "q-learning", "sarsa"] {
        let found = mean(player, id, 300);
        assert!(found < oracle.summary().unwrap().mean && found > mean("random", id, 300), "{player}: {found}");
    }
    // Gymnasium's threshold for its slippery lake is 0.7, and the best play on 100 steps reaches the goal 74 times of 100.
    let lake = mean("oracle-mdp:horizon=100", "FrozenLake-v1:episodes=100", 100) / 100.0;
    assert!((lake - 0.74).abs() < 0.02, "{lake}");
}

#[test]
fn the_oracle_is_not_fooled_by_states_in_another_order() {
    for wrapped in ["permute_observations", "permute_actions"] {
        let id = format!("RandomMdp-v0:{wrapped}=true");
        assert!(played("oracle-mdp", &id, 3).unsuited.unwrap().contains("knows its table"), "{id}");
    }
    assert!(played("oracle-mdp", "BernoulliBandit-v0", 3).unsuited.unwrap().contains("knows its table"));
    // Every player that learns the states for itself does as well in any order.
    let (plain, permuted) =
        (mean("psrl", "RandomMdp-v0", 400), mean("psrl", "RandomMdp-v0:permute_observations=true", 400));
    assert!((plain - permuted).abs() < 6.0, "{plain} {permuted}: standard errors 1.3");
}

#[test]
fn where_there_are_no_episodes_plans_follow_each_other() {
    let random = mean("random", "Chain-v0", 30);
    let sampling = mean("psrl:horizon=20", "Chain-v0", 30);
    assert!(sampling > random + 300.0, "{sampling}, at random {random}");
    // The best play gets 3666 in 1000 steps.
    let oracle = mean("oracle-mdp:horizon=1000", "Chain-v0", 30);
    assert!((oracle - 3666.0).abs() < 120.0, "{oracle}: standard error 30");
}

/// Lets a player see one-hot states, and returns what it does in each.
fn acted(player: &mut dyn Learner, states: &[usize], feedback: &[(f64, bool)]) -> Vec<usize> {
    let mut rng = stream(1, "tabular", &[]);
    player.begin(&Space::discrete(3), &Space::discrete(2), &mut rng).unwrap();
    let mut actions = Vec::new();
    for (&state, &(reward, terminated)) in states.iter().zip(feedback) {
        let mut observation = [0.0; 3];
        observation[state] = 1.0;
        let percept = Percept { observation: &observation, episode_begins: false };
        match player.act(&percept, &mut rng).unwrap() {
            Action::Discrete(action) => actions.push(action),
            other => panic!("{other:?}"),
        }
        player.feedback(&Feedback { reward, terminated, truncated: false, target: None });
    }
    actions
}

#[test]
fn values_travel_back_from_what_follows() {
    let config = TemporalDifferenceConfig { learning_rate: 0.5, discount: 1.0, epsilon: 0.0 };
    // In state 0, whatever is done leads to state 1, from where an end pays 4. Then state 0 is met again: what was done
    // there is worth 0 still. The second time around it is worth something, and is done again.
    let states = [0, 1, 0, 1, 0];
    let rewards = [(0.0, false), (4.0, true), (0.0, false), (4.0, true), (0.0, false)];
    for player in [&mut QLearning::new(config) as &mut dyn Learner, &mut Sarsa::new(config)] {
        let actions = acted(player, &states, &rewards);
        assert_eq!(actions[1], actions[3], "the end has paid");
        assert_eq!(actions[2], actions[4], "what led to where there is something to be had");
    }
    // Punished, an action is left alone.
    let actions = acted(&mut QLearning::new(config), &[2, 2, 2], &[(-1.0, true), (1.0, true), (0.0, true)]);
    assert!(actions[0] != actions[1] && actions[1] == actions[2], "{actions:?}");
}

#[test]
fn along_a_cliff_sarsa_gets_more_while_both_explore() {
    // Sutton & Barto 2018, example 6.6: about -25 an episode for SARSA and -50 for Q-learning in the long run.
    let id = "CliffWalking-v1:episodes=500";
    let settings = "learning_rate=0.5,discount=1,epsilon=0.1";
    let [sarsa, q_learning] =
        ["sarsa", "q-learning"].map(|player| played(&format!("{player}:{settings}"), id, 30).curve.mean);
    let last = |curve: &[f64]| curve[25..].iter().sum::<f64>() / 25.0;
    let (sarsa, q_learning) = (last(&sarsa), last(&q_learning));
    assert!((-32.0..-19.0).contains(&sarsa) && (-60.0..-38.0).contains(&q_learning), "{sarsa} {q_learning}");
}
