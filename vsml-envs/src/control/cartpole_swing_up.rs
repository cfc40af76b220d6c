//! The pole on a cart that hangs at first, exactly as in bsuite.
//!
//! The cart is that of [`cartpole`](super::cartpole) with half its time step and a third action, to do nothing. The task
//! is bsuite's (Osband et al. 2020) question about exploration: moving costs, and only who has swung the pole up and
//! stopped it there learns that there is anything to be had. Recorded trajectories hold the agreement.

use super::cartpole::{CartPole, Physics, Pole, accelerations};
use super::lanes::{Machine, MachineBatch, Mathematics, Stepped, step_alone, within_circle};
use super::physics::{PhysicsError, finite, not_negative, positive, some_steps};
use super::trigonometry::sin_cos;
use crate::picture::{Colour, Picture, Scene};
use crate::registry::Family;
use crate::vector::Batch;
use crate::wrappers::{Span, TimeLimit};
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Each number of the state starts uniformly within plus or minus this of hanging still in the middle.
const START: f64 = 0.05;

/// What is asked of a swing-up, and what moving costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// The pole is up if the cosine of its angle is more than this.
    pub height_threshold: f64,
    /// It is still if it turns by less than this, rad/s.
    pub velocity_threshold: f64,
    /// The cart is in the middle if it is nearer to it than this, m.
    pub position_threshold: f64,
    /// The episode terminates when the cart is further than this from the middle, m.
    pub position_limit: f64,
    /// Price of a push.
    pub move_cost: f64,
}

impl Default for Rules {
    /// Those of bsuite's class.
    fn default() -> Self {
        Rules {
            height_threshold: 0.5,
            velocity_threshold: 1.0,
            position_threshold: 1.0,
            position_limit: 3.0,
            move_cost: 0.1,
        }
    }
}

impl Rules {
    fn check(&self) -> Result<(), PhysicsError> {
        finite([("height_threshold", self.height_threshold), ("move_cost", self.move_cost)])?;
        not_negative([
            ("velocity_threshold", self.velocity_threshold),
            ("position_threshold", self.position_threshold),
        ])?;
        positive([("position_limit", self.position_limit)])
    }
}

/// One cart with one pole to be swung up. Its page of the manual is that of [`CartPoleSwingUps`].
#[derive(Clone, Debug, PartialEq)]
pub struct CartPoleSwingUp {
    cart: CartPole,
    rules: Rules,
    /// How long an episode may be, s: for the observation of how much of it is over.
    duration: f64,
    elapsed: f64,
    /// Of the pole's angle: for what is seen after one step, and for what happens in the next.
    sin_cos: (f64, f64),
}

impl CartPoleSwingUp {
    /// A cart of this make, under these rules. `duration`, in seconds, is what the time that an observation shows is a
    /// share of; it ends nothing.
    ///
    /// # Errors
    /// If a quantity is not what it must be.
    pub fn new(physics: Physics, rules: Rules, duration: f64) -> Result<Self, PhysicsError> {
        let cart = CartPole::new(physics)?;
        rules.check()?;
        positive([("duration", duration)])?;
        Ok(CartPoleSwingUp { cart, rules, duration, elapsed: 0.0, sin_cos: (0.0, 1.0) })
    }

    /// Position of the cart (m), its velocity (m/s), angle of the pole from upright (rad, 0 to 2π after a step), its
    /// velocity (rad/s), and the time that has passed (s).
    pub fn state(&self) -> [f64; 5] {
        let [x, x_velocity, angle, angle_velocity] = self.cart.state();
        [x, x_velocity, angle, angle_velocity, self.elapsed]
    }

    /// Puts the cart into a state of your choice.
    pub fn set_state(&mut self, [x, x_velocity, angle, angle_velocity, elapsed]: [f64; 5]) {
        self.cart.set_state([x, x_velocity, angle, angle_velocity]);
        (self.elapsed, self.sin_cos) = (elapsed, sin_cos(angle));
    }

    /// The rules.
    pub fn rules(&self) -> Rules {
        self.rules
    }
}

/// What is seen of a cart at a moment, from its make, its state, and sine and cosine of the pole's angle; and whether that
/// is a good place to be.
#[inline(always)]
fn look(
    Rules { height_threshold, velocity_threshold, position_threshold, position_limit, .. }: Rules,
    duration: f64,
    [x, x_velocity, _, angle_velocity, elapsed]: [f64; 5],
    (sin, cos): (f64, f64),
) -> ([f32; 8], bool) {
    let (in_the_middle, still) = (x.abs() < position_threshold, angle_velocity.abs() < velocity_threshold);
    let sign = |holds: bool| if holds { 1.0 } else { -1.0 };
    let shown = [
        x / position_limit,
        x_velocity / position_limit,
        sin,
        cos,
        angle_velocity,
        elapsed / duration,
        sign(in_the_middle),
        sign(still),
    ];
    (shown.map(|number| number as f32), (cos > height_threshold) & still & in_the_middle)
}

impl Machine<13, 7, 8> for CartPoleSwingUp {
    fn make(&self) -> [f64; 13] {
        let Pole { gravity, masspole, total_mass, polemass_length, length } = self.cart.pole();
        let Physics { force, tau, .. } = self.cart.physics();
        let rules = self.rules;
        [
            gravity,
            masspole,
            total_mass,
            polemass_length,
            length,
            force,
            tau,
            rules.height_threshold,
            rules.velocity_threshold,
            rules.position_threshold,
            rules.position_limit,
            rules.move_cost,
            self.duration,
        ]
    }

    /// What [`CartPoleSwingUp::state`] says, and sine and cosine of the pole's angle.
    fn numbers(&self) -> [f64; 7] {
        let ([x, x_velocity, angle, angle_velocity, elapsed], (sin, cos)) = (self.state(), self.sin_cos);
        [x, x_velocity, angle, angle_velocity, elapsed, sin, cos]
    }

    fn set_numbers(&mut self, [x, x_velocity, angle, angle_velocity, elapsed, sin, cos]: [f64; 7]) {
        self.cart.set_state([x, x_velocity, angle, angle_velocity]);
        (self.elapsed, self.sin_cos) = (elapsed, (sin, cos));
    }

    #[inline(always)]
    fn advance(
        make: [f64; 13],
        [x, x_velocity, angle, angle_velocity, elapsed, sin, cos]: [f64; 7],
        action: f64,
        mathematics: &mut impl Mathematics,
    ) -> Stepped<7, 8> {
        let [gravity, masspole, total_mass, polemass_length, length, force, tau, rules @ .., duration] = make;
        let [height_threshold, velocity_threshold, position_threshold, position_limit, move_cost] = rules;
        let pole = Pole { gravity, masspole, total_mass, polemass_length, length };
        let rules = Rules { height_threshold, velocity_threshold, position_threshold, position_limit, move_cost };

        let side = action - 1.0;
        let [x_acceleration, angle_acceleration] = accelerations(pole, side * force, (sin, cos), angle_velocity);
        let x = x + tau * x_velocity;
        let x_velocity = x_velocity + tau * x_acceleration;
        let angle = within_circle(angle + tau * angle_velocity, mathematics);
        let angle_velocity = angle_velocity + tau * angle_acceleration;
        let elapsed = elapsed + tau;

        let (sin, cos) = mathematics.sin_cos(angle);
        let (shown, good) = look(rules, duration, [x, x_velocity, angle, angle_velocity, elapsed], (sin, cos));
        let cost = side.abs() * move_cost;
        Stepped {
            state: [x, x_velocity, angle, angle_velocity, elapsed, sin, cos],
            shown,
            reward: if good { 1.0 - cost } else { -cost },
            terminated: x.abs() > position_limit,
        }
    }
}

impl Environment for CartPoleSwingUp {
    fn observation_space(&self) -> Space {
        let infinite = f32::INFINITY;
        let high = vec![infinite, infinite, 1.0, 1.0, infinite, infinite, 1.0, 1.0];
        let low = high.iter().enumerate().map(|(i, bound)| if i == 5 { 0.0 } else { -bound }).collect();
        Space::Box { low, high, shape: vec![8] }
    }

    fn action_space(&self) -> Space {
        Space::discrete(3)
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        let mut near = |middle: f64| middle + (-START + 2.0 * START * rng.random::<f64>());
        self.set_state([near(0.0), near(0.0), near(PI), near(0.0), 0.0]);
        observation.copy_from_slice(&look(self.rules, self.duration, self.state(), self.sin_cos).0);
    }

    fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
        step_alone(self, action.index() as f64, observation)
    }

    fn picture(&self) -> Option<Picture> {
        let [x, _, angle, _] = self.cart.state();
        let (sin, cos) = sin_cos(angle);
        let (limit, middle) = (self.rules.position_limit, self.rules.position_threshold.min(self.rules.position_limit));
        let pole = 2.0 * self.cart.physics().length.min(1.2);
        let mut scene =
            Scene::new((-limit, limit), (-1.3, 1.3)).line(vec![(-limit, 0.0), (limit, 0.0)], 0.0, Colour::GREY);
        if middle > 0.0 {
            scene = scene.line(vec![(-middle, 0.0), (middle, 0.0)], 0.04, Colour::GREEN);
        }
        let scene = scene
            .rectangle((x - 0.25, -0.12), (x + 0.25, 0.12), Colour::BLACK)
            .line(vec![(x, 0.0), (x + pole * sin, pole * cos)], 0.1, Colour::RED)
            .disc((x, 0.0), 0.06, Colour::SKY);
        Some(Picture::from(scene).with_caption(format!("{:.2} s", self.elapsed)))
    }
}

/// Carts with hanging poles: `CartPoleSwingUp-v0`.
///
/// # Description
/// A pole hangs from a cart. Pushing the cart, swing the pole up, stop it there, and keep it up with the cart near the
/// middle. Every push costs, so that who does not know better stands still. The make of the cart may be the task.
///
/// # Action space
/// `Discrete(3)`: push to the left, nothing, push to the right.
///
/// # Observation space
/// `Box([8])`: position and velocity of the cart, each divided by `position_limit`; sine and cosine of the pole's angle
/// from upright; its velocity (rad/s); the share of the episode that is over; 1 if the cart is in the middle, else -1; 1
/// if the pole is still, else -1.
///
/// # Rewards
/// 1 for every step after which the pole is up and still and the cart in the middle (`height_threshold`,
/// `velocity_threshold`, `position_threshold`), less `move_cost` for every push.
///
/// # Starting state
/// Position, velocity and the pole's velocity uniform in ±0.05, the pole's angle in π ± 0.05: it hangs.
///
/// # Episode end
/// Terminated when the cart is more than `position_limit` from the middle; truncated after `max_episode_steps`, 1001.
///
/// # Arguments
/// The fields below; those of the cart are as in [`CartPoles`](super::cartpole::CartPoles). The twenty settings of
/// bsuite's experiment are `height_threshold=n/20,position_threshold=1-n/20` with n from 0 to 19, written as decimal
/// numbers; 0.5 and 1 are the defaults of its class.
///
/// # Differences from the source
/// bsuite 0.3.6 ends an episode when more than 10 s have passed, which is after 1001 steps of 0.01 s by the way the sum
/// is rounded, and calls that a termination; here it is a truncation. The range of random starts is no parameter.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CartPoleSwingUps {
    /// Acceleration of free fall, m/s².
    pub gravity: Span,
    /// Mass of the cart, kg.
    pub masscart: Span,
    /// Mass of the pole, kg.
    pub masspole: Span,
    /// *Half* the length of the pole, m.
    pub length: Span,
    /// Force of a push, N.
    pub force: Span,
    /// Time from step to step, s.
    pub tau: Span,
    /// The pole is up if the cosine of its angle is more than this.
    pub height_threshold: Span,
    /// It is still if it turns by less than this, rad/s.
    pub velocity_threshold: Span,
    /// The cart is in the middle if it is nearer to it than this, m.
    pub position_threshold: Span,
    /// The episode terminates when the cart is further than this from the middle, m.
    pub position_limit: Span,
    /// Price of a push.
    pub move_cost: Span,
    /// An episode is truncated after so many steps.
    pub max_episode_steps: u64,
}

impl Default for CartPoleSwingUps {
    fn default() -> Self {
        let (physics, rules) = (Physics::default(), Rules::default());
        CartPoleSwingUps {
            gravity: Span::single(physics.gravity),
            masscart: Span::single(physics.masscart),
            masspole: Span::single(physics.masspole),
            length: Span::single(physics.length),
            force: Span::single(physics.force),
            tau: Span::single(0.01),
            height_threshold: Span::single(rules.height_threshold),
            velocity_threshold: Span::single(rules.velocity_threshold),
            position_threshold: Span::single(rules.position_threshold),
            position_limit: Span::single(rules.position_limit),
            move_cost: Span::single(rules.move_cost),
            max_episode_steps: 1001,
        }
    }
}

impl CartPoleSwingUps {
    fn make(&self, mut choose: impl FnMut(&Span) -> f64) -> Result<CartPoleSwingUp, PhysicsError> {
        let physics = Physics {
            gravity: choose(&self.gravity),
            masscart: choose(&self.masscart),
            masspole: choose(&self.masspole),
            length: choose(&self.length),
            force: choose(&self.force),
            tau: choose(&self.tau),
        };
        let rules = Rules {
            height_threshold: choose(&self.height_threshold),
            velocity_threshold: choose(&self.velocity_threshold),
            position_threshold: choose(&self.position_threshold),
            position_limit: choose(&self.position_limit),
            move_cost: choose(&self.move_cost),
        };
        // The last step is the one that passes the end.
        let steps = self.max_episode_steps.saturating_sub(1).max(1);
        CartPoleSwingUp::new(physics, rules, steps as f64 * physics.tau)
    }
}

impl CartPoleSwingUps {
    fn draw(&self, rng: &mut Rng) -> CartPoleSwingUp {
        match self.make(|span| span.sample(rng)) {
            Ok(cart) => cart,
            Err(error) => panic!("{error}; Family::check would have said so"),
        }
    }
}

impl TaskDistribution for CartPoleSwingUps {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        Box::new(TimeLimit::new(self.draw(rng), self.max_episode_steps))
    }

    fn batch(&self, rngs: &mut [Rng]) -> Box<dyn Batch> {
        Box::new(MachineBatch::new(rngs.iter_mut().map(|rng| self.draw(rng)), self.max_episode_steps))
    }
}

impl Family for CartPoleSwingUps {
    fn check(&self) -> Result<(), String> {
        some_steps(self.max_episode_steps)?;
        self.make(Span::low).map(|_| ()).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    fn usual() -> CartPoleSwingUp {
        CartPoleSwingUp::new(Physics { tau: 0.01, ..Physics::default() }, Rules::default(), 10.0).unwrap()
    }

    /// Near the top, balances; elsewhere, brings the pole's energy to that of standing upright, and the cart back.
    fn swing_up([x, x_velocity, angle, angle_velocity, _]: [f64; 5]) -> usize {
        let off = if angle > PI { angle - 2.0 * PI } else { angle };
        let push = if off.abs() < 0.5 {
            30.0 * off + 6.0 * angle_velocity + 1.0 * x + 2.5 * x_velocity
        } else {
            // Energy over that of standing upright, for a pole of the usual make: weight times half a length is 0.49 J.
            let energy = angle_velocity * angle_velocity / 60.0 - 0.49 * (1.0 - sin_cos(off).1);
            let pump = 40.0 * energy * angle_velocity * sin_cos(off).1;
            pump - 2.0 * x - 2.0 * x_velocity
        };
        match push {
            push if push > 0.5 => 2,
            push if push < -0.5 => 0,
            _ => 1,
        }
    }

    #[test]
    fn a_pole_can_be_swung_up_and_kept_there() {
        let mut rng = stream(0, "swing up", &[]);
        let mut totals = Vec::new();
        for _ in 0..100 {
            let mut cart = usual();
            cart.reset(&mut rng, &mut [0.0; 8]);
            let mut total = 0.0;
            for _ in 0..1001 {
                let step = cart.step(Action::Discrete(swing_up(cart.state())), &mut rng, &mut [0.0; 8]);
                total += step.reward;
                if step.terminated {
                    break;
                }
            }
            totals.push(total);
        }
        let solved = totals.iter().filter(|total| **total > 600.0).count();
        assert!(solved >= 95, "{solved} of 100; {totals:?}");
    }

    #[test]
    fn only_what_is_up_and_still_and_in_the_middle_is_rewarded() {
        let mut cart = usual();
        let mut step = |state, action| {
            cart.set_state(state);
            cart.step(Action::Discrete(action), &mut stream(0, "swing up", &[1]), &mut [0.0; 8])
        };
        assert_eq!(step([0.9, 0.0, 0.1, 0.5, 0.0], 1).reward, 1.0);
        assert_eq!(step([0.9, 0.0, 0.1, 0.5, 0.0], 0).reward, 0.9);
        assert_eq!(step([1.1, 0.0, 0.1, 0.5, 0.0], 1).reward, 0.0);
        assert_eq!(step([0.9, 0.0, 0.1, 1.5, 0.0], 1).reward, 0.0);
        assert_eq!(step([0.9, 0.0, PI / 3.0 + 0.02, 0.0, 0.0], 2).reward, -0.1);
        assert!(step([2.99, 2.0, PI, 0.0, 0.0], 1).terminated && !step([2.9, 2.0, PI, 0.0, 0.0], 1).terminated);
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let refuse = |family: CartPoleSwingUps| family.check().unwrap_err();
        let default = CartPoleSwingUps::default;
        assert!(refuse(CartPoleSwingUps { tau: Span::single(0.0), ..default() }).contains("`tau` is 0"));
        assert!(refuse(CartPoleSwingUps { position_limit: Span::single(0.0), ..default() }).contains("position_limit"));
        let velocity_threshold = Span::single(-1.0);
        assert!(refuse(CartPoleSwingUps { velocity_threshold, ..default() }).contains("`velocity_threshold` is -1"));
        assert!(refuse(CartPoleSwingUps { max_episode_steps: 0, ..default() }).contains("max_episode_steps"));
    }
}
