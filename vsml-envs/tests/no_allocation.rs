//! A step of a lifetime allocates nothing, and neither do the resets within it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod trajectory;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use vsml_envs::vector::{Actions, Autoreset};
use vsml_envs::{LifetimeKey, Registry, Split, stream};

/// The system's allocator, counting what each thread asks of it.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is passed on unchanged to the system's allocator; counting neither allocates nor panics.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_counter_counts() {
    let before = ALLOCATIONS.get();
    drop(std::hint::black_box(vec![0u8; 100]));
    assert_eq!(ALLOCATIONS.get() - before, 1);
}

#[test]
fn a_step_allocates_nothing() {
    let all_wrappers = [
        "time_limit=7,permute_observations=true,permute_actions=true,scale_observations=0.5..2,shift_observations=1,project_observations=9",
        "time_limit=7,sticky_actions=0.5,repeat_actions=2,scale_reward=-1..1,delay_reward=3,normalise_reward=true,clip_reward=-1..1",
        "time_limit=7,rescale_actions=true,clip_actions=true",
        "time_limit=7,discretise_actions=3,sparse_reward=true",
        "time_limit=7,mask_observations=0,normalise_observations=true,clip_observations=-2..2,rescale_observations=true,mirror_observations=true,duplicate_observations=1,pad_observations=2,noise_observations=1,drop_observations=0.5,stack_observations=2,time_aware=true",
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
        let before = ALLOCATIONS.get();
        while !life.is_over() {
            life.action_space().sample_into(&mut player, &mut action);
            life.step(action.borrow()).unwrap();
        }
        assert_eq!(ALLOCATIONS.get() - before, 0, "{spec}, over {} episodes", life.episodes());
        assert!(life.episodes() > 1 || !spec.contains("time_limit"), "{spec}: no reset was among the steps");
    }
}

#[test]
fn a_step_of_many_allocates_nothing() {
    let keys: Vec<LifetimeKey> = (0..20)
        .map(|lifetime| LifetimeKey { seed: 0, split: Split::Test, generation: 0, member: 0, lifetime })
        .collect();
    for spec in ["CartPole-v1", "BernoulliBandit-v0", "HeartsAndTraps-v0:time_limit=5"] {
        let mut many = trajectory::tasks(spec, 100).vector(&keys, Autoreset::SameStep).unwrap();
        let before = ALLOCATIONS.get();
        for step in 0..100 {
            many.step(Actions::Discrete(&[step % 2; 20])).unwrap();
        }
        assert_eq!(ALLOCATIONS.get() - before, 0, "{spec}");
    }
}
