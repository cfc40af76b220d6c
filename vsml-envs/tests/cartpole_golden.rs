//! CartPole against trajectories recorded with Gymnasium 1.4.0, bit for bit.
//!
//! `golden/cartpole_v1.json` holds the exact `f64` states of episodes of several players, among them one that leaves
//! through the edge and some that go on past the end. Its `semi_implicit_episodes` belong to an integrator that is not
//! offered here and are left out.

#![allow(clippy::unwrap_used)]

use serde::Deserialize;
use serde_json::Value;
use vsml_envs::control::cartpole::{ANGLE_LIMIT, CartPole, POSITION_LIMIT, Physics};
use vsml_envs::wrappers::TimeLimit;
use vsml_envs::{Action, Environment, Registry, Rng, Step, stream};

#[derive(Deserialize)]
struct Golden {
    spec: Spec,
    constants: Value,
    episodes: Vec<Episode>,
    sutton_barto_episodes: Vec<Episode>,
}

#[derive(Deserialize)]
struct Spec {
    max_episode_steps: u64,
}

#[derive(Deserialize)]
struct Episode {
    policy: String,
    s0: [f64; 4],
    obs0: Option<[f32; 4]>,
    actions: Vec<usize>,
    states: Vec<[f64; 4]>,
    rewards: Rewards,
    terminated: Vec<usize>,
    truncated_at: Option<usize>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Rewards {
    Each(Vec<f64>),
    All { r#const: f64 },
}

impl Episode {
    fn reward(&self, step: usize) -> f64 {
        match &self.rewards {
            Rewards::Each(rewards) => rewards[step],
            Rewards::All { r#const } => *r#const,
        }
    }
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/cartpole_v1.json")).unwrap()
}

fn gymnasiums_cart() -> CartPole {
    CartPole::new(Physics::default()).unwrap()
}

fn rng() -> Rng {
    stream(0, "golden", &[])
}

fn bits(state: [f64; 4]) -> [u64; 4] {
    state.map(f64::to_bits)
}

/// Steps `cart` once and compares state, observation, reward and end with those recorded.
fn compare_step(cart: &mut CartPole, episode: &Episode, step: usize) {
    let place = format!("policy {}, step {step}", episode.policy);
    let mut observation = [f32::NAN; 4];
    let answer = cart.step(Action::Discrete(episode.actions[step]), &mut rng(), &mut observation);
    assert_eq!(bits(cart.state()), bits(episode.states[step]), "{place}: {:?}", cart.state());
    assert_eq!(observation, episode.states[step].map(|x| x as f32), "{place}");
    assert_eq!(answer.terminated, episode.terminated.contains(&step), "{place}");
    assert!(!answer.truncated, "{place}: the limit is not the cart's affair");
    // Past the end Gymnasium has rewards of its own; here nobody steps there.
    if episode.terminated.first().is_none_or(|&end| step <= end) {
        assert_eq!(answer.reward, episode.reward(step), "{place}");
    }
}

fn compare(cart: CartPole, episodes: &[Episode]) {
    for episode in episodes {
        let mut free_running = cart.clone();
        free_running.set_state(episode.s0);
        let mut one_at_a_time = cart.clone();
        let mut before = episode.s0;
        for step in 0..episode.actions.len() {
            compare_step(&mut free_running, episode, step);
            one_at_a_time.set_state(before);
            compare_step(&mut one_at_a_time, episode, step);
            before = episode.states[step];
        }
        if let Some(observation) = episode.obs0 {
            assert_eq!(observation, episode.s0.map(|x| x as f32), "observations are the state in f32");
        }
    }
}

#[test]
fn trajectories_agree_to_the_last_bit() {
    let golden = golden();
    assert_eq!(golden.episodes.len(), 6);
    compare(gymnasiums_cart(), &golden.episodes);
}

#[test]
fn trajectories_with_sutton_and_bartos_rewards_agree_too() {
    let golden = golden();
    assert_eq!(golden.sutton_barto_episodes.len(), 2);
    compare(gymnasiums_cart().with_rewards(0.0, -1.0), &golden.sutton_barto_episodes);
}

#[test]
fn the_time_limit_ends_episodes_where_gymnasiums_does() {
    let golden = golden();
    let mut truncated = 0;
    for episode in golden.episodes.iter().filter(|episode| episode.policy != "past_end") {
        let mut cart = gymnasiums_cart();
        cart.set_state(episode.s0);
        let mut limited = TimeLimit::new(cart, golden.spec.max_episode_steps);
        let mut step = |action| limited.step(Action::Discrete(action), &mut rng(), &mut [0.0; 4]);
        let ends: Vec<Step> = episode.actions.iter().map(|&action| step(action)).collect();
        let (last, before) = ends.split_last().unwrap();
        assert!(before.iter().all(|step| !step.ended()));
        assert_eq!((last.terminated, last.truncated), (!episode.terminated.is_empty(), episode.truncated_at.is_some()));
        truncated += u32::from(last.truncated);
    }
    assert_eq!(truncated, 1);
}

#[test]
fn constants_are_gymnasiums() {
    let golden = golden();
    let recorded = |name: &str| golden.constants[name].as_f64().unwrap();
    let Physics { gravity, masscart, masspole, length, force, tau } = Physics::default();
    let ours = [gravity, masscart, masspole, length, force, tau, ANGLE_LIMIT, POSITION_LIMIT];
    let names =
        ["gravity", "masscart", "masspole", "length", "force_mag", "tau", "theta_threshold_radians", "x_threshold"];
    assert_eq!(ours, names.map(recorded));
    let tasks = Registry::builtin().list();
    let cartpole = tasks.iter().find(|listing| listing.id == "CartPole-v1").unwrap();
    assert_eq!(cartpole.parameters["max_episode_steps"], golden.spec.max_episode_steps);
}
