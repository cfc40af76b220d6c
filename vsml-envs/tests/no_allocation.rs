//! A step of a lifetime allocates nothing, and neither do the resets within it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod trajectory;

use vsml_envs::check::CountingAllocator;
use vsml_envs::vector::{Actions, Autoreset};
use vsml_envs::{LifetimeKey, Registry, Space, Split, stream};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[test]
fn the_counter_counts() {
    let before = CountingAllocator::count();
    drop(std::hint::black_box(vec![0u8; 100]));
    assert_eq!(CountingAllocator::count() - before, 1);
}

#[test]
fn a_step_allocates_nothing() {
    let all_wrappers = [
        "time_limit=7,permute_observations=true,permute_actions=true,scale_observations=0.5..2,shift_observations=1,project_observations=9",
        "time_limit=7,sticky_actions=0.5,repeat_actions=2,scale_reward=-1..1,delay_reward=3,normalise_reward=true,clip_reward=-1..1",
        "time_limit=7,rescale_actions=true,clip_actions=true",
        "time_limit=7,discretise_actions=3,sparse_reward=true",
        "time_limit=7,mask_observations=0,normalise_observations=true,clip_observations=-2..2,rescale_observations=true,mirror_observations=true,duplicate_observations=1,pad_observations=2,noise_observations=1,drop_observations=0.5,stack_observations=2,time_aware=true,reward_aware=true",
    ];
    let key = LifetimeKey { seed: 0, split: Split::Test, generation: 0, member: 0, lifetime: 0 };
    let registry = Registry::builtin();
    let wrapped = trajectory::ids().into_iter().flat_map(|id| all_wrappers.map(|wrappers| format!("{id}{wrappers}")));
    let wrapped = wrapped.filter(|spec| registry.make(spec).is_ok());
    let variants = trajectory::variants().into_iter().map(|(_, spec)| spec);
    for spec in variants.chain(wrapped) {
        let mut life = trajectory::tasks(&spec, 2000).begin(&key).unwrap();
        let mut player = stream(0, "player", &[]);
        let mut action = life.action_space().zero();
        let before = CountingAllocator::count();
        while !life.is_over() {
            life.action_space().sample_into(&mut player, &mut action);
            life.step(action.borrow()).unwrap();
        }
        assert_eq!(CountingAllocator::count() - before, 0, "{spec}, over {} episodes", life.episodes());
        assert!(life.episodes() > 1 || !spec.contains("time_limit"), "{spec}: no reset was among the steps");
    }
}

#[test]
fn a_step_of_many_allocates_nothing() {
    let keys: Vec<LifetimeKey> = (0..20)
        .map(|lifetime| LifetimeKey { seed: 0, split: Split::Test, generation: 0, member: 0, lifetime })
        .collect();
    let specs = [
        "CartPole-v1",
        "MountainCarContinuous-v0:max_episode_steps=9",
        "Acrobot-v1:max_episode_steps=9",
        "BernoulliBandit-v0",
        "HeartsAndTraps-v0:time_limit=5",
    ];
    for spec in specs {
        let mut many = trajectory::tasks(spec, 100).vector(&keys, Autoreset::SameStep).unwrap();
        let before = CountingAllocator::count();
        for step in 0..100 {
            let actions = match many.action_space() {
                Space::Box { .. } => Actions::Continuous(&[1.0; 20]),
                _ => Actions::Discrete(&[step % 2; 20]),
            };
            many.step(actions).unwrap();
        }
        assert_eq!(CountingAllocator::count() - before, 0, "{spec}");
    }
}
