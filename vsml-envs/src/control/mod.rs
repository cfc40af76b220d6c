//! Control: carts, poles, pendulums and points, in numbers.
//!
//! Physics is in `f64`, in the order of operations of the reference, so that recorded trajectories are met to the last
//! bit; observations are `f32`. Sine and cosine do not come from the operating system, so that trajectories are the same
//! on every machine.

pub mod acrobot;
pub mod cartpole;
pub mod cartpole_swing_up;
mod lanes;
pub mod mountain_car;
pub mod mountain_car_continuous;
pub mod pendulum;
mod physics;
pub mod point_robot;
pub mod reacher;
pub mod semicircle;
mod trigonometry;

pub use physics::PhysicsError;

use crate::{LifetimeLength, Registry, RegistryError};
use acrobot::Acrobots;
use cartpole::CartPoles;
use cartpole_swing_up::CartPoleSwingUps;
use mountain_car::MountainCars;
use mountain_car_continuous::MountainCarsContinuous;
use pendulum::Pendulums;
use point_robot::PointRobots;
use reacher::Reachers;
use semicircle::Semicircles;

/// Registers the control tasks.
pub(crate) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.register_family(
        "CartPole-v1",
        "balance a pole on a cart, exactly as in Gymnasium",
        LifetimeLength::Steps(500),
        CartPoles::default(),
    )?;
    registry.register_family(
        "CartPole-v0",
        "CartPole-v1 with episodes of 200 steps, exactly as in Gymnasium",
        LifetimeLength::Steps(500),
        CartPoles { max_episode_steps: 200, ..CartPoles::default() },
    )?;
    registry.register_family(
        "CartPoleVaried-v0",
        "balance poles on carts of all makes",
        LifetimeLength::Steps(500),
        CartPoles::varied(),
    )?;
    registry.register_family(
        "CartPoleHidden-v0",
        "balance a pole on a cart without seeing velocities",
        LifetimeLength::Steps(500),
        CartPoles { hide_velocities: true, max_episode_steps: 200, ..CartPoles::default() },
    )?;
    registry.register_family(
        "CartPoleSwingUp-v0",
        "swing a pole on a cart up and balance it, as in bsuite",
        LifetimeLength::Steps(5005),
        CartPoleSwingUps::default(),
    )?;
    registry.register_family(
        "Acrobot-v1",
        "swing two links up with a motor between them, exactly as in Gymnasium",
        LifetimeLength::Steps(2000),
        Acrobots::default(),
    )?;
    registry.register_family(
        "AcrobotVaried-v0",
        "swing two links of all makes up",
        LifetimeLength::Steps(2000),
        Acrobots::varied(),
    )?;
    registry.register_family(
        "MountainCar-v0",
        "swing a weak car out of a valley, exactly as in Gymnasium",
        LifetimeLength::Steps(2000),
        MountainCars::default(),
    )?;
    registry.register_family(
        "MountainCarVaried-v0",
        "swing cars of all makes out of a valley",
        LifetimeLength::Steps(2000),
        MountainCars::varied(),
    )?;
    registry.register_family(
        "MountainCarContinuous-v0",
        "swing a weak car out of a valley with little effort, exactly as in Gymnasium",
        LifetimeLength::Steps(4995),
        MountainCarsContinuous::default(),
    )?;
    registry.register_family(
        "MountainCarContinuousVaried-v0",
        "swing cars of all makes out of a valley with little effort",
        LifetimeLength::Steps(4995),
        MountainCarsContinuous::varied(),
    )?;
    registry.register_family(
        "Pendulum-v1",
        "swing a rod up with a weak motor and hold it, exactly as in Gymnasium",
        LifetimeLength::Steps(1000),
        Pendulums::default(),
    )?;
    registry.register_family(
        "PendulumVaried-v0",
        "swing rods of all makes up and hold them",
        LifetimeLength::Steps(1000),
        Pendulums::varied(),
    )?;
    registry.register_family(
        "PointRobot-v0",
        "go to a goal that only the rewards tell of",
        LifetimeLength::Steps(500),
        PointRobots::default(),
    )?;
    registry.register_family(
        "Semicircle-v0",
        "look for a goal on a half circle",
        LifetimeLength::Steps(500),
        Semicircles::default(),
    )?;
    registry.register_family(
        "Reacher-v0",
        "bring an arm of two links to a goal that only the rewards tell of",
        LifetimeLength::Steps(500),
        Reachers::default(),
    )
}
