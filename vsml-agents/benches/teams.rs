//! What it costs to live together: steps of an agent per second, of VSML learners that each play a bandit of their own, one
//! after the other (`alone`) and side by side as a team (`together`).
//!
//! It is the same work, so the ratio of two lines is what a team adds.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use vsml_agents::team::live_together;
use vsml_agents::{Learner, MetaLearner, Vsml, VsmlConfig, live};
use vsml_core::Kernel;
use vsml_envs::team::{Observations, TeamEnvironment, TeamLifetime};
use vsml_envs::{
    Action, BernoulliBandit, Environment, Lifetime, LifetimeKey, LifetimeLength, Rng, Space, Split, Step, stream,
};

const STEPS: u64 = 200;
const KEY: LifetimeKey = LifetimeKey { seed: 1, split: Split::Train, generation: 0, member: 0, lifetime: 0 };

fn bandit() -> BernoulliBandit {
    BernoulliBandit::new(vec![0.2, 0.4, 0.6, 0.8]).unwrap_or_else(|error| panic!("{error}"))
}

/// Bandits side by side, one for each agent.
#[derive(Clone)]
struct SideBySide(Vec<BernoulliBandit>);

impl TeamEnvironment for SideBySide {
    fn agents(&self) -> Vec<String> {
        (0..self.0.len()).map(|agent| agent.to_string()).collect()
    }
    fn observation_space(&self, agent: usize) -> Space {
        self.0[agent].observation_space()
    }
    fn action_space(&self, agent: usize) -> Space {
        self.0[agent].action_space()
    }
    fn reset(&mut self, rng: &mut Rng, observations: &mut Observations) {
        self.0.iter_mut().zip(observations).for_each(|(bandit, observation)| bandit.reset(rng, observation));
    }
    fn step(
        &mut self,
        actions: &[Option<Action<'_>>],
        rng: &mut Rng,
        observations: &mut Observations,
        steps: &mut [Step],
    ) {
        for (agent, bandit) in self.0.iter_mut().enumerate() {
            if let Some(action) = actions[agent] {
                steps[agent] = bandit.step(action, rng, &mut observations[agent]);
            }
        }
    }
}

fn learners(count: usize) -> Vec<Box<dyn Learner>> {
    let vsml = Vsml::new(VsmlConfig::default(), Kernel::detect()).unwrap_or_else(|error| panic!("{error}"));
    let theta = vsml.initialise(&mut stream(1, "initialise", &[]));
    let learner = vsml.learner(&theta).unwrap_or_else(|error| panic!("{error}"));
    (0..count).filter_map(|_| learner.sibling()).collect()
}

fn teams(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("team");
    for agents in [1, 4, 16] {
        group.throughput(Throughput::Elements(agents as u64 * STEPS));
        let mut learners = learners(agents);
        group.bench_function(BenchmarkId::new("alone", agents), |bencher| {
            bencher.iter(|| {
                for learner in &mut learners {
                    let environment: Box<dyn Environment> = Box::new(bandit());
                    let life = Lifetime::begin(environment, LifetimeLength::Steps(STEPS), KEY.stream("environment"));
                    let Ok(mut life) = life else { panic!("a bandit can begin") };
                    assert!(live(&mut **learner, &mut life, &mut KEY.stream("learner"), |_| {}).is_ok());
                }
            });
        });
        group.bench_function(BenchmarkId::new("together", agents), |bencher| {
            bencher.iter(|| {
                let environment = Box::new(SideBySide(vec![bandit(); agents]));
                let life = TeamLifetime::begin(environment, LifetimeLength::Steps(STEPS), KEY.stream("environment"));
                let Ok(mut life) = life else { panic!("bandits can begin") };
                assert!(live_together(&mut learners, &mut life, &KEY, |_| {}).is_ok());
            });
        });
    }
    group.finish();
}

criterion_group!(benches, teams);
criterion_main!(benches);
