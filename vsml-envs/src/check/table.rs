//! Everything that is looked for.

use super::report::Place;
use super::study::Study;
use super::{answers, calls, costs, episodes, observations, repeats, rewards, spaces};
use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The environment breaks its contract: results with it mean nothing, or there are none.
    Error,
    /// It does what is rarely meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
    }
}

/// What a check needs to mean anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing. An error ends the examination.
    Calls,
    /// Tasks that can be drawn. An error ends the examination.
    Spaces,
    /// Recorded lives.
    Seen,
    /// Recorded lives, to be lived again.
    Repeats,
    /// That the same key gives the same life: clones are compared.
    Forks,
}

/// One way in which an environment can be wrong.
#[derive(Clone, Copy)]
pub struct Check {
    /// What it is called, for ever.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong if this is found.
    pub meaning: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    pub(super) stage: Stage,
    pub(super) find: fn(&Study<'_>) -> Option<Place>,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Check({})", self.name)
    }
}

type Find = fn(&Study<'_>) -> Option<Place>;

const fn error(stage: Stage, name: &'static str, meaning: &'static str, remedy: &'static str, find: Find) -> Check {
    Check { name, severity: Severity::Error, meaning, remedy, stage, find }
}

const fn warning(stage: Stage, name: &'static str, meaning: &'static str, remedy: &'static str, find: Find) -> Check {
    Check { name, severity: Severity::Warning, meaning, remedy, stage, find }
}

/// Every check, in the order in which they are made.
pub static CHECKS: &[Check] = &[
    error(
        Stage::Calls,
        "lifetime-empty",
        "A lifetime has no step.",
        "Give it one step or episode at least.",
        calls::lifetime_empty,
    ),
    error(
        Stage::Calls,
        "sample-panics",
        "Drawing a task panics.",
        "Refuse parameters that make no task when they are read, not when the task is drawn.",
        calls::sample_panics,
    ),
    error(
        Stage::Calls,
        "observation-space-panics",
        "Asking for the observation space panics.",
        "Make the space from the task's parameters alone; it is asked for before the first reset.",
        calls::observation_space_panics,
    ),
    error(
        Stage::Calls,
        "action-space-panics",
        "Asking for the action space panics.",
        "Make the space from the task's parameters alone; it is asked for before the first reset.",
        calls::action_space_panics,
    ),
    error(
        Stage::Spaces,
        "observation-space-empty",
        "The observation space has no element.",
        "Show one number at least; a constant will do where there is nothing to see.",
        spaces::observation_space_empty,
    ),
    error(
        Stage::Spaces,
        "action-space-empty",
        "The action space has no element.",
        "Offer one action at least.",
        spaces::action_space_empty,
    ),
    error(
        Stage::Spaces,
        "space-shape-mismatch",
        "A box has other numbers of bounds than its shape says.",
        "Give one low and one high bound for each number of the shape.",
        spaces::space_shape_mismatch,
    ),
    error(
        Stage::Spaces,
        "space-bound-nan",
        "A bound of a box is NaN.",
        "Use an infinity where there is no bound.",
        spaces::space_bound_nan,
    ),
    error(
        Stage::Spaces,
        "space-bounds-crossed",
        "A low bound of a box exceeds the high one.",
        "Exchange them, or look where they come from.",
        spaces::space_bounds_crossed,
    ),
    error(
        Stage::Spaces,
        "observation-space-huge",
        "An observation takes more than 64 MiB.",
        "Look for a size that is a slip of the pen.",
        spaces::observation_space_huge,
    ),
    error(
        Stage::Calls,
        "reset-panics",
        "A reset panics.",
        "Make sure that a reset works from any state, the first included.",
        calls::reset_panics,
    ),
    error(
        Stage::Calls,
        "step-panics",
        "A step panics on an action of the action space.",
        "Handle every action that the space allows, or make the space smaller.",
        calls::step_panics,
    ),
    error(
        Stage::Calls,
        "expected-rewards-panics",
        "Asking for expected rewards panics.",
        "Answer None where they are not known.",
        calls::expected_rewards_panics,
    ),
    error(
        Stage::Calls,
        "target-panics",
        "Asking for the target panics.",
        "Answer None where there is none.",
        calls::target_panics,
    ),
    error(
        Stage::Calls,
        "picture-panics",
        "Asking for the picture, or drawing it, panics.",
        "Make sure that a picture can be had of any state, and that its coordinates are finite.",
        calls::picture_panics,
    ),
    error(Stage::Calls, "clone-panics", "Cloning panics.", "Derive Clone.", calls::clone_panics),
    error(
        Stage::Calls,
        "early-reset-panics",
        "A reset in the middle of an episode panics.",
        "Allow a reset at any time.",
        calls::early_reset_panics,
    ),
    error(
        Stage::Calls,
        "extreme-action-panics",
        "An action at the edge of the action space panics.",
        "Handle the bounds of the space themselves: they belong to it.",
        calls::extreme_action_panics,
    ),
    error(
        Stage::Seen,
        "observation-space-changes",
        "The observation space changes during a life.",
        "Make the space from what does not change; it is asked for once.",
        spaces::observation_space_changes,
    ),
    error(
        Stage::Seen,
        "action-space-changes",
        "The action space changes during a life.",
        "Make the space from what does not change; it is asked for once.",
        spaces::action_space_changes,
    ),
    warning(
        Stage::Seen,
        "spaces-differ-between-tasks",
        "Tasks of one distribution have spaces of different kinds or sizes.",
        "Give all tasks the largest space, unless your learners cope with any.",
        spaces::spaces_differ_between_tasks,
    ),
    warning(
        Stage::Seen,
        "observation-space-large",
        "An observation has more than 65,536 numbers.",
        "Show less, or smaller: every number costs a learner something in every step.",
        spaces::observation_space_large,
    ),
    warning(
        Stage::Seen,
        "observation-space-unbounded",
        "All bounds of the observation space are infinite, though what is seen reaches 1 or -1 and never goes beyond.",
        "Say what the bounds are.",
        spaces::observation_space_unbounded,
    ),
    warning(
        Stage::Seen,
        "action-space-unbounded",
        "A number of the action space has an infinite bound.",
        "Bound it: learners squash their outputs into the bounds.",
        spaces::action_space_unbounded,
    ),
    warning(
        Stage::Seen,
        "action-space-single",
        "There is a single action.",
        "Check the parameters: nothing can be learnt where nothing can be chosen.",
        spaces::action_space_single,
    ),
    error(
        Stage::Seen,
        "observation-nan",
        "An observation holds NaN.",
        "Look for 0/0, the root of a negative number, or infinity minus infinity.",
        observations::observation_nan,
    ),
    error(
        Stage::Seen,
        "observation-infinite",
        "An observation holds an infinity.",
        "Look for a division by 0, or for dynamics that blow up; end the episode before.",
        observations::observation_infinite,
    ),
    error(
        Stage::Seen,
        "first-observation-outside-space",
        "The first observation of an episode lies outside the observation space.",
        "Widen the bounds, or correct what the reset shows.",
        observations::first_observation_outside_space,
    ),
    error(
        Stage::Seen,
        "observation-outside-space",
        "An observation in mid-episode lies outside the observation space.",
        "Widen the bounds, or correct what the step shows.",
        observations::observation_outside_space,
    ),
    error(
        Stage::Seen,
        "last-observation-outside-space",
        "The observation that ends an episode lies outside the observation space.",
        "Widen the bounds beyond what ends an episode.",
        observations::last_observation_outside_space,
    ),
    error(
        Stage::Seen,
        "observation-not-one-hot",
        "A discrete or binary observation is not made of zeros and ones as its space asks.",
        "Write it with write_one_hot, one group for each entry.",
        observations::observation_not_one_hot,
    ),
    warning(
        Stage::Seen,
        "observation-large",
        "A number of an observation lies further than 1e6 from zero.",
        "Scale it, or show its logarithm.",
        observations::observation_large,
    ),
    warning(
        Stage::Seen,
        "observation-never-changes",
        "All observations are the same, though the space has more than one element.",
        "Write the state into the observation, or make the space a single point.",
        observations::observation_never_changes,
    ),
    warning(
        Stage::Seen,
        "observation-shows-target",
        "The observation holds the target that is told only afterwards.",
        "Keep the answer out of the question; if copying is the task, allow this.",
        observations::observation_shows_target,
    ),
    warning(
        Stage::Seen,
        "observation-shows-best-action",
        "The first observation tells which action is best.",
        "Do not show the hidden task; where that is wanted, say so.",
        observations::observation_shows_best_action,
    ),
    warning(
        Stage::Seen,
        "observation-shows-expected-rewards",
        "A number of the first observation tells an action's expected reward.",
        "Do not show the hidden task; where that is wanted, say so.",
        observations::observation_shows_expected_rewards,
    ),
    error(
        Stage::Seen,
        "reward-nan",
        "A reward is NaN.",
        "Look for 0/0, the root of a negative number, or infinity minus infinity.",
        rewards::reward_nan,
    ),
    error(
        Stage::Seen,
        "reward-infinite",
        "A reward is infinite.",
        "Look for a division by 0 or the logarithm of 0.",
        rewards::reward_infinite,
    ),
    warning(
        Stage::Seen,
        "reward-large",
        "A reward lies further than 1e6 from zero.",
        "Scale it; one such step outweighs whatever else is learnt.",
        rewards::reward_large,
    ),
    error(
        Stage::Seen,
        "expected-rewards-without-discrete-actions",
        "There are expected rewards, and the actions are not discrete.",
        "Answer None: they are one for each discrete action.",
        answers::expected_rewards_without_discrete_actions,
    ),
    error(
        Stage::Seen,
        "expected-rewards-length",
        "There are more or fewer expected rewards than actions.",
        "Give one for each action.",
        answers::expected_rewards_length,
    ),
    error(
        Stage::Seen,
        "expected-rewards-not-finite",
        "An expected reward is NaN or infinite.",
        "Answer None where they are not known.",
        answers::expected_rewards_not_finite,
    ),
    error(
        Stage::Seen,
        "expected-rewards-change-when-asked",
        "Expected rewards change without a step.",
        "Compute them in reset and step, not when asked.",
        answers::expected_rewards_change_when_asked,
    ),
    error(
        Stage::Seen,
        "target-not-an-action",
        "The target is no action of the action space.",
        "Number labels from 0 to the number of actions less one.",
        answers::target_not_an_action,
    ),
    warning(
        Stage::Seen,
        "target-sometimes-missing",
        "Some steps have a target, and some have none.",
        "Give one after each step, unless only some steps are questions.",
        answers::target_sometimes_missing,
    ),
    warning(
        Stage::Seen,
        "picture-missing",
        "There is no picture.",
        "Draw the state, so that people can see what happens.",
        answers::picture_missing,
    ),
    warning(
        Stage::Seen,
        "picture-empty",
        "The picture shows nothing.",
        "Draw what distinguishes one state from another, within the picture's edges.",
        answers::picture_empty,
    ),
    warning(
        Stage::Seen,
        "picture-never-changes",
        "The picture never changes, though observations do.",
        "Draw the state as it is now.",
        answers::picture_never_changes,
    ),
    error(
        Stage::Seen,
        "episode-never-ends",
        "Lifetimes are counted in episodes, and an episode does not end.",
        "Give it a time limit, or count lifetimes in steps.",
        episodes::episode_never_ends,
    ),
    warning(
        Stage::Seen,
        "episode-long",
        "Lifetimes are counted in episodes, and an episode takes more than 100,000 random steps.",
        "Give it a time limit, or count lifetimes in steps.",
        episodes::episode_long,
    ),
    warning(
        Stage::Seen,
        "episode-ends-at-once",
        "Every episode ends at its first step.",
        "Check what ends an episode, and whether the reset undoes it.",
        episodes::episode_ends_at_once,
    ),
    warning(
        Stage::Seen,
        "both-flags-at-once",
        "A step is both terminated and truncated, and no time limit explains it.",
        "Set terminated for an end by nature, truncated for a cut; leave limits to TimeLimit.",
        episodes::both_flags_at_once,
    ),
    error(
        Stage::Seen,
        "time-limit-off-by-one",
        "An episode is truncated one step before or after its time limit.",
        "Count the step before comparing: step number n is the last of a limit of n.",
        episodes::time_limit_off_by_one,
    ),
    error(
        Stage::Seen,
        "time-limit-ignored",
        "An episode goes on after its time limit.",
        "Put TimeLimit around the environment in sample.",
        episodes::time_limit_ignored,
    ),
    warning(
        Stage::Seen,
        "step-allocates",
        "A step allocates.",
        "Keep buffers in the environment, and borrow them.",
        costs::step_allocates,
    ),
    warning(
        Stage::Seen,
        "reset-allocates",
        "A reset after the first one allocates.",
        "Keep buffers in the environment, and fill them anew.",
        costs::reset_allocates,
    ),
    warning(
        Stage::Seen,
        "step-slow",
        "A step takes more than a millisecond.",
        "Profile it: meta-training takes millions of steps.",
        costs::step_slow,
    ),
    error(
        Stage::Repeats,
        "hidden-randomness",
        "Two clones with equal keys live different lives.",
        "Draw only from the generator that is handed in: no clock, no generator of your own, no iteration over hash maps.",
        repeats::hidden_randomness,
    ),
    error(
        Stage::Repeats,
        "task-redrawn-differs",
        "The same key draws different tasks.",
        "Draw a task only from the generator that is handed in: no counter, no clock, no generator of your own.",
        repeats::task_redrawn_differs,
    ),
    error(
        Stage::Repeats,
        "twin-interferes",
        "An environment behaves differently while another one is played.",
        "Keep all state in the value: no statics, no thread-locals, nothing shared.",
        repeats::twin_interferes,
    ),
    error(
        Stage::Repeats,
        "thread-changes-results",
        "An environment behaves differently in another thread.",
        "Keep all state in the value: no thread-locals, no thread ids.",
        repeats::thread_changes_results,
    ),
    error(
        Stage::Repeats,
        "clone-goes-another-way",
        "A clone made in mid-episode does not go on as the original would have.",
        "Clone every field; derive Clone.",
        repeats::clone_goes_another_way,
    ),
    error(
        Stage::Repeats,
        "clone-shares-state",
        "Playing a clone changes the original.",
        "Own the state instead of sharing it behind Arc.",
        repeats::clone_shares_state,
    ),
    error(
        Stage::Repeats,
        "looking-changes-things",
        "Asking for picture, target, expected rewards or spaces changes what happens.",
        "Change state only in reset and step: no Cell, no Mutex.",
        repeats::looking_changes_things,
    ),
    warning(
        Stage::Repeats,
        "randomness-unused",
        "A task is drawn with random numbers, and all tasks and lives are the same nevertheless.",
        "Use what is drawn; where parameters fix the whole task, allow this.",
        repeats::randomness_unused,
    ),
    error(
        Stage::Forks,
        "extreme-action-nonsense",
        "An action at the edge of the action space leads to NaN, infinities or an observation outside the space.",
        "Bound what actions can do to the state.",
        calls::extreme_action_nonsense,
    ),
    error(
        Stage::Forks,
        "reset-leaves-numbers-unwritten",
        "A reset leaves numbers of the observation as they were in the buffer.",
        "Write every number in every reset.",
        observations::reset_leaves_numbers_unwritten,
    ),
    error(
        Stage::Forks,
        "step-leaves-numbers-unwritten",
        "A step leaves numbers of the observation as they were in the buffer.",
        "Write every number in every step.",
        observations::step_leaves_numbers_unwritten,
    ),
    error(
        Stage::Forks,
        "observation-reads-buffer",
        "An observation depends on what was in the buffer.",
        "Assign, do not add; keep the last observation in the environment if it is needed.",
        observations::observation_reads_buffer,
    ),
    error(
        Stage::Forks,
        "reset-leaves-episode-over",
        "After an episode, the next one ends at its first step; that of a fresh environment does not.",
        "Set back what says that the episode is over, and its count of steps.",
        episodes::reset_leaves_episode_over,
    ),
    warning(
        Stage::Forks,
        "reset-carries-state",
        "After an episode, a reset begins another episode than in a fresh environment with the same luck.",
        "Set back all of the state in reset; if a task is meant to go on over episodes, allow this.",
        episodes::reset_carries_state,
    ),
    warning(
        Stage::Forks,
        "reward-constant",
        "Every reward is the same, and so is every end.",
        "Check that the reward is computed; if it is only rare, allow this.",
        rewards::reward_constant,
    ),
    warning(
        Stage::Forks,
        "action-ignored",
        "Two different actions always lead to the same.",
        "Check that the step uses its action.",
        rewards::action_ignored,
    ),
    error(
        Stage::Forks,
        "reward-differs-from-expected",
        "Rewards do not have the mean that expected_rewards says.",
        "Make both from the same numbers, and update the expectation in every step and reset.",
        rewards::reward_differs_from_expected,
    ),
    error(
        Stage::Forks,
        "reward-contradicts-target",
        "The target earns less than another action.",
        "Tell the answer to the observation that was acted on, and reward it.",
        rewards::reward_contradicts_target,
    ),
];
