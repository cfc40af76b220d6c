//! The `vsml` command with the environments that come with it.

use vsml::envs::check::CountingAllocator;

/// With which `vsml check` sees whether a step allocates.
#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() -> std::process::ExitCode {
    vsml::run(vsml::envs::Registry::builtin())
}
