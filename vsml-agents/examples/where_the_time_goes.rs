//! Measures what a generation of meta-training is made of and prints a table: each part alone, on one thread, as often as it
//! is done in a generation. The generation is that of `benches/generations.rs`: 128 members, each of which lives 500 steps of
//! CartPole, with eight numbers to observe, in a VSML network of one layer, 8 × 2.

use std::error::Error;
use std::hint::black_box;
use std::sync::atomic::AtomicBool;
use std::time::Instant;
use vsml_agents::optimizers::{EvolutionStrategies, EvolutionStrategiesConfig, MetaOptimizer};
use vsml_agents::{MetaLearner, MetaTraining, Schedule, Vsml, VsmlConfig, live, players};
use vsml_core::{Kernel, SubRnn, Topology};
use vsml_envs::{LifetimeKey, LifetimeLength, Registry, Split, Tasks, stream};

const MEMBERS: usize = 128;
const STEPS: u64 = 500;

/// The least of some runs, in milliseconds: what other programs take is not counted.
fn milliseconds<T>(mut run: impl FnMut() -> Result<T, Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let mut least = f64::INFINITY;
    for _ in 0..15 {
        let begin = Instant::now();
        black_box(run()?);
        least = least.min(1e3 * begin.elapsed().as_secs_f64());
    }
    Ok(least)
}

fn main() -> Result<(), Box<dyn Error>> {
    let kernel = Kernel::detect();
    let tasks = Registry::builtin().make("CartPole-v1:pad_observations=4")?;
    let tasks = Tasks { length: LifetimeLength::Steps(STEPS), ..tasks };
    let key = |lifetime| LifetimeKey { seed: 1, split: Split::Train, generation: 0, member: 0, lifetime };
    let vsml = || Vsml::new(VsmlConfig::default(), kernel);
    let theta = vsml()?.initialise(&mut stream(1, "initialise", &[]));
    let config = EvolutionStrategiesConfig { pairs: MEMBERS / 2, ..Default::default() };
    let optimizer = || EvolutionStrategies::new(config.clone(), 1, theta.clone());
    let schedule = Schedule { seed: 1, lifetimes: 1, ..Schedule::default() };

    let never = AtomicBool::new(false);
    let generation = |threads: usize| -> Result<f64, Box<dyn Error>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let (learner, optimizer, tasks) = (Box::new(vsml()?), Box::new(optimizer()?), vec![tasks.clone()]);
        let mut training = MetaTraining::new(learner, optimizer, tasks, schedule.clone())?;
        milliseconds(|| Ok(pool.install(|| training.advance(&never))?))
    };
    let cores = std::thread::available_parallelism()?.get();
    let (one, all) = (generation(1)?, generation(cores)?);

    let mut asked = optimizer()?;
    let ask = milliseconds(|| Ok((0..MEMBERS).map(|member| asked.ask(0, member)).collect::<Vec<_>>()))?;
    let fitness: Vec<f64> = (0..MEMBERS).map(|member| (member * 37 % MEMBERS) as f64).collect();
    let tell = milliseconds(|| Ok(asked.tell(0, &fitness)))?;

    let life = tasks.begin(&key(0))?;
    let (observation, action) = (life.observation_space().clone(), life.action_space().clone());
    let begin = milliseconds(|| {
        for member in 0..MEMBERS {
            let mut learner = vsml()?.learner(&theta)?;
            learner.begin(&observation, &action, &mut key(member as u64).stream("learner"))?;
        }
        Ok(())
    })?;

    let mut player = players::make("random")?;
    let environment = milliseconds(|| {
        for member in 0..MEMBERS as u64 {
            live(&mut *player, &mut tasks.begin(&key(member))?, &mut key(member).stream("learner"), |_| {})?;
        }
        Ok(())
    })?;

    let sub_rnn = SubRnn::new(vsml()?.sub_rnn(), &theta, kernel)?;
    let topology = Topology::dense(&[observation.flat_len(), 2])?;
    let mut state = sub_rnn.new_state(&topology, &mut stream(1, "state", &[]))?;
    let (inputs, mut outputs) = (vec![0.1; observation.flat_len()], vec![0.0; 2]);
    let ticks = milliseconds(|| {
        for _ in 0..MEMBERS as u64 * STEPS {
            // To act, and to learn.
            for _ in 0..2 {
                state.write_forward(0, &inputs);
                sub_rnn.tick(&mut state);
            }
            sub_rnn.read_outputs(&state, &mut outputs);
        }
        Ok(outputs[0])
    })?;

    println!("{kernel} kernel; {MEMBERS} members × {STEPS} steps, 8 × 2 sub-RNNs, two ticks a step\n");
    println!("| part | ms in a generation | share |");
    println!("|---|--:|--:|");
    let rest = one - ask - begin - environment - ticks - tell;
    for (part, time) in [
        ("ask: perturbations, members", ask),
        ("learners and their states", begin),
        ("CartPole, its lifetimes, a random action", environment),
        ("ticks of the sub-RNNs, inputs, outputs", ticks),
        ("tell: ranks, gradient, Adam", tell),
        ("all else: softmax, what came of actions", rest),
    ] {
        println!("| {part} | {time:.2} | {:.1} % |", 100.0 * time / one);
    }
    println!("| a generation on 1 thread | {one:.2} | 100 % |\n");
    println!(
        "{:.1} generations a second on 1 thread, {:.1} on {cores}: {:.2} times as many",
        1e3 / one,
        1e3 / all,
        one / all
    );
    Ok(())
}
