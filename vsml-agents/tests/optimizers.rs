//! Contracts of every meta-optimizer: what is invalid weighs nothing, a restored one goes on with the same bits, members
//! depend on nothing but their key, and each comes as far as its reference implementation.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use rayon::prelude::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::f64::consts::TAU;
use vsml_agents::optimizers::{
    AugmentedRandomSearch, CmaEs, EvolutionStrategies, GeneticAlgorithm, GuidedEvolutionStrategies, MetaOptimizer,
    OptimizerState, Pgpe, SepCmaEs, Snes, UnrolledEvolutionStrategies,
};

/// Every optimizer that is told fitness, by the name of its kind.
const KINDS: [&str; 10] = [
    "evolution-strategies",
    "pgpe",
    "augmented-random-search",
    "guided-evolution-strategies",
    "persistent-evolution-strategies",
    "noise-reuse-evolution-strategies",
    "genetic-algorithm",
    "snes",
    "sep-cma-es",
    "cma-es",
];

fn make(kind: &str, settings: Value, seed: u64, theta: Vec<f32>) -> Box<dyn MetaOptimizer> {
    fn read<T: DeserializeOwned>(settings: Value) -> T {
        serde_json::from_value(settings).unwrap()
    }
    match kind {
        "evolution-strategies" => Box::new(EvolutionStrategies::new(read(settings), seed, theta).unwrap()),
        "pgpe" => Box::new(Pgpe::new(read(settings), seed, theta).unwrap()),
        "augmented-random-search" => Box::new(AugmentedRandomSearch::new(read(settings), seed, theta).unwrap()),
        "guided-evolution-strategies" => Box::new(GuidedEvolutionStrategies::new(read(settings), seed, theta).unwrap()),
        "persistent-evolution-strategies" => {
            Box::new(UnrolledEvolutionStrategies::persistent(read(settings), seed, theta).unwrap())
        }
        "noise-reuse-evolution-strategies" => {
            Box::new(UnrolledEvolutionStrategies::noise_reuse(read(settings), seed, theta).unwrap())
        }
        "genetic-algorithm" => Box::new(GeneticAlgorithm::new(read(settings), seed, theta).unwrap()),
        "snes" => Box::new(Snes::new(read(settings), seed, theta).unwrap()),
        "sep-cma-es" => Box::new(SepCmaEs::new(read(settings), seed, theta).unwrap()),
        "cma-es" => Box::new(CmaEs::new(read(settings), seed, theta).unwrap()),
        _ => panic!("there is no {kind}"),
    }
}

fn in_pairs(kind: &str) -> bool {
    make(kind, json!({}), 1, vec![0.0]).paired()
}

/// An optimizer with `population` members, which is an even number.
fn of_size(kind: &str, population: usize) -> Box<dyn MetaOptimizer> {
    let settings = match kind {
        "genetic-algorithm" => json!({ "population": population, "parents": 1 }),
        kind if in_pairs(kind) => json!({ "pairs": population / 2 }),
        _ => json!({ "population": population }),
    };
    make(kind, settings, 1, vec![0.3; 6])
}

/// Some fitness, different for every member.
fn fitness_of(x: &[f32]) -> f64 {
    -x.iter().enumerate().map(|(index, x)| (index + 1) as f64 * f64::from(x - 1.0).powi(2)).sum::<f64>()
}

fn generation(optimizer: &mut dyn MetaOptimizer, generation: u64) -> bool {
    let told: Vec<f64> =
        (0..optimizer.population()).map(|index| fitness_of(&optimizer.ask(generation, index))).collect();
    optimizer.tell(generation, &told)
}

const NONSENSE: [f64; 5] =
    [f64::NAN, -f64::NAN, f64::from_bits(0x7ff0_0000_0000_0001), f64::INFINITY, f64::NEG_INFINITY];

#[test]
fn invalid_members_are_as_if_they_had_never_been() {
    for kind in KINDS {
        for invalid in [0, 2, 20, 100, 196, 198] {
            // Perturbations are drawn by index: a population without its last members is a smaller population. Of pairs one
            // member is enough to spoil both.
            let mut without = of_size(kind, 200 - invalid);
            for past in 0..2 {
                assert!(generation(&mut *without, past));
            }
            for nonsense in NONSENSE {
                let mut among = of_size(kind, 200);
                for past in 0..2 {
                    let mut told: Vec<f64> = (0..200).map(|index| fitness_of(&among.ask(past, index))).collect();
                    for (index, fitness) in told.iter_mut().enumerate().skip(200 - invalid) {
                        if !in_pairs(kind) || index % 2 == (index / 2) % 2 {
                            *fitness = nonsense;
                        }
                    }
                    assert!(among.tell(past, &told), "{kind}, {invalid} invalid");
                }
                let (found, expected) = (without_population(&among.state()), without_population(&without.state()));
                assert_eq!(found, expected, "{kind}, {invalid} of 200 {nonsense}");
            }
        }
    }
}

/// The one thing in a state that tells a population with invalid members from a smaller one.
fn without_population(state: &OptimizerState) -> OptimizerState {
    let mut state = state.clone();
    state.counters.remove("population");
    state
}

#[test]
fn wherever_they_stand_invalid_members_weigh_nothing() {
    for kind in KINDS {
        let told = |nonsense: f64, share: usize| {
            let mut optimizer = of_size(kind, 200);
            let mut told: Vec<f64> = (0..200).map(|index| fitness_of(&optimizer.ask(0, index))).collect();
            // 67 and 200 have no common divisor: this scatters them.
            (0..share).for_each(|place| told[place * 67 % 200] = nonsense);
            (optimizer.tell(0, &told), optimizer.state())
        };
        for share in [0, 2, 20, 100, 198] {
            let expected = told(NONSENSE[0], share);
            assert!(expected.1.vectors.values().flatten().all(|x| x.is_finite()), "{kind} {share}");
            assert!(NONSENSE.iter().all(|nonsense| told(*nonsense, share) == expected), "{kind} {share}");
        }
        for nonsense in NONSENSE {
            let before = of_size(kind, 200).state();
            assert_eq!(told(nonsense, 200), (false, before), "{kind}");
        }
    }
}

#[test]
fn a_restored_state_goes_on_with_the_same_bits() {
    for kind in KINDS {
        let mut whole = of_size(kind, 20);
        (0..7).for_each(|past| assert!(generation(&mut *whole, past)));
        let state = whole.state();
        // The new one began elsewhere.
        let settings = match kind {
            "genetic-algorithm" => json!({ "population": 20, "parents": 1 }),
            kind if in_pairs(kind) => json!({ "pairs": 10 }),
            _ => json!({ "population": 20 }),
        };
        let mut resumed = make(kind, settings, 1, vec![9.0; 6]);
        resumed.restore(&state).unwrap();
        assert_eq!(resumed.state(), state, "{kind}");
        for next in 7..40 {
            generation(&mut *whole, next);
            generation(&mut *resumed, next);
        }
        assert_eq!(whole.state(), resumed.state(), "{kind}");
        assert_eq!(whole.theta(), resumed.theta(), "{kind}");
    }
}

#[test]
fn a_state_that_does_not_fit_is_refused_and_changes_nothing() {
    for kind in KINDS {
        let mut optimizer = of_size(kind, 20);
        generation(&mut *optimizer, 0);
        let state = optimizer.state();
        generation(&mut *optimizer, 1);
        let before = optimizer.state();
        for name in state.vectors.keys() {
            let mut wrong = state.clone();
            wrong.vectors.get_mut(name).unwrap().push(0.0);
            assert!(optimizer.restore(&wrong).is_err(), "{kind} {name}");
            wrong.vectors.remove(name);
            let message = optimizer.restore(&wrong).unwrap_err().to_string();
            assert!(message.contains(name), "{kind} {name}: {message}");
        }
        for name in state.counters.keys() {
            let mut wrong = state.clone();
            wrong.counters.remove(name);
            let message = optimizer.restore(&wrong).unwrap_err().to_string();
            assert!(message.contains(name), "{kind} {name}: {message}");
        }
        assert_eq!(optimizer.state(), before, "{kind}");
    }
}

#[test]
fn members_depend_on_generation_and_index_alone() {
    for kind in KINDS {
        let optimizer = of_size(kind, 20);
        let in_order: Vec<_> = (0..20).map(|index| optimizer.ask(5, index)).collect();
        let anyhow: Vec<_> = (0..20).into_par_iter().rev().map(|index| optimizer.ask(5, index)).collect();
        assert!(in_order.iter().eq(anyhow.iter().rev()), "{kind}");
        assert_ne!(optimizer.ask(5, 3), optimizer.ask(6, 3), "{kind}");
        assert_ne!(optimizer.ask(5, 3), optimizer.ask(5, 5), "{kind}");
        if in_pairs(kind) {
            let mirrored = in_order.as_chunks::<2>().0.iter().all(|[plus, minus]| {
                plus.iter().zip(minus).all(|(plus, minus)| (plus + minus - 0.6).abs() < 1e-6 && plus != minus)
            });
            assert!(mirrored && (0..20).all(|index| optimizer.luck(index) == index as u64 / 2), "{kind}");
        } else {
            assert!((0..20).all(|index| optimizer.luck(index) == 0), "{kind}");
        }
    }
}

#[test]
fn extreme_fitness_leaves_everything_finite() {
    for kind in KINDS {
        for (high, low) in [(1e25, -1e25), (1e300, -1e300), (f64::MAX, f64::MIN), (f64::MIN_POSITIVE, 0.0), (0.0, -0.0)]
        {
            let mut optimizer = of_size(kind, 20);
            for past in 0..20 {
                let told: Vec<f64> = (0..optimizer.population()).map(|i| if i % 3 == 0 { high } else { low }).collect();
                optimizer.tell(past, &told);
                assert!(optimizer.state().vectors.values().flatten().all(|x| x.is_finite()), "{kind} {high} {low}");
            }
        }
    }
}

/// What reference implementations come to; made by `golden/optimizers.py`.
#[derive(Deserialize)]
struct Golden {
    seeds: u64,
    floor: f64,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    optimizer: String,
    settings: Value,
    function: String,
    dimensions: usize,
    start: f32,
    evaluations: usize,
    reference: String,
    log10: Quartiles,
}

#[derive(Deserialize)]
struct Quartiles {
    lower_quartile: f64,
    median: f64,
    upper_quartile: f64,
}

/// The test functions, all with a minimum of 0.
fn function(name: &str, x: &[f32]) -> f64 {
    let x = || x.iter().map(|x| f64::from(*x));
    let last = (x().len() - 1) as f64;
    match name {
        "sphere" => x().map(|x| x * x).sum(),
        "ellipsoid" => x().enumerate().map(|(i, x)| 10f64.powf(6.0 * i as f64 / last) * x * x).sum(),
        "rosenbrock" => x().zip(x().skip(1)).map(|(x, y)| 100.0 * (y - x * x).powi(2) + (1.0 - x).powi(2)).sum(),
        "rastrigin" => x().map(|x| x * x - 10.0 * (TAU * x).cos() + 10.0).sum(),
        _ => panic!("there is no function {name}"),
    }
}

/// Seeds of ours.
const SEEDS: u64 = 15;

/// log10 of the function where one run ends.
fn end(case: &Case, floor: f64, seed: u64) -> f64 {
    let start = vec![case.start; case.dimensions];
    let mut optimizer = make(&case.optimizer, case.settings.clone(), seed, start);
    let (mut best, mut left, mut generation) = (f64::INFINITY, case.evaluations, 0);
    while left >= optimizer.population() {
        left -= optimizer.population();
        let values: Vec<f64> = (0..optimizer.population())
            .map(|index| function(&case.function, &optimizer.ask(generation, index)))
            .collect();
        best = values.iter().copied().fold(best, f64::min);
        optimizer.tell(generation, &values.iter().map(|value| -value).collect::<Vec<_>>());
        generation += 1;
    }
    let restarts = case.reference.contains("IPOP");
    let value = if restarts { best } else { function(&case.function, optimizer.theta()) };
    value.max(floor).log10()
}

#[test]
fn every_optimizer_comes_as_far_as_its_reference() {
    let golden: Golden = serde_json::from_str(include_str!("golden/optimizers.json")).unwrap();
    let mut wrong = Vec::new();
    for case in &golden.cases {
        let mut ends: Vec<f64> = (1..=SEEDS).into_par_iter().map(|seed| end(case, golden.floor, seed)).collect();
        ends.sort_by(f64::total_cmp);
        let (ours, theirs) = (ends[ends.len() / 2], case.log10.median);
        let spread = (case.log10.upper_quartile - case.log10.lower_quartile)
            .max(ends[3 * ends.len() / 4] - ends[ends.len() / 4]);
        // Three standard errors of the difference of two medians (that of one is 0.93 spreads over the root of their
        // number, where values are spread normally), and a twentieth for what is not normal.
        let bound = 0.05 + 3.0 * 0.93 * spread * (1.0 / SEEDS as f64 + 1.0 / golden.seeds as f64).sqrt();
        let line = format!(
            "{} {} {}: {ours:.3}, its reference {theirs:.3}, within {bound:.3}",
            case.optimizer, case.function, case.dimensions
        );
        println!("{line}");
        // The reference of the genetic algorithm has no elite: to be better is no fault.
        let worse_only = case.optimizer == "genetic-algorithm";
        if ours > theirs + bound || (ours < theirs - bound && !worse_only) {
            wrong.push(line);
        }
    }
    assert!(golden.cases.len() > 40 && wrong.is_empty(), "{wrong:#?}");
}
