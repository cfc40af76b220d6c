//! The `vsml` command with the environments that come with it.

fn main() -> std::process::ExitCode {
    vsml::run(vsml::envs::Registry::builtin())
}
