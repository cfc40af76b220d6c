//! How links move: the equations of motion, and one step of Runge and Kutta's method along them.

use super::{Equations, Physics};
use crate::control::lanes::{Mathematics, clamped};
use std::f64::consts::PI;

impl Physics {
    /// How fast the four numbers of the state change under a torque.
    #[inline(always)]
    fn derivative(
        &self,
        [angle_1, angle_2, velocity_1, velocity_2]: [f64; 4],
        torque: f64,
        mathematics: &mut impl Mathematics,
    ) -> [f64; 4] {
        let (m1, m2, l1, inertia) = (self.link_mass_1, self.link_mass_2, self.link_length_1, self.link_moi);
        let (c1, c2, gravity) = (self.link_com_1, self.link_com_2, self.gravity);
        let (sin_2, cos_2) = mathematics.sin_cos(angle_2);
        let (_, level_2) = mathematics.sin_cos(angle_1 + angle_2 - PI / 2.0);
        let (_, level_1) = mathematics.sin_cos(angle_1 - PI / 2.0);

        let d1 = m1 * (c1 * c1) + m2 * (l1 * l1 + c2 * c2 + 2.0 * l1 * c2 * cos_2) + inertia + inertia;
        let d2 = m2 * (c2 * c2 + l1 * c2 * cos_2) + inertia;
        let phi_2 = m2 * c2 * gravity * level_2;
        let phi_1 = -m2 * l1 * c2 * (velocity_2 * velocity_2) * sin_2
            - 2.0 * m2 * l1 * c2 * velocity_2 * velocity_1 * sin_2
            + (m1 * c1 + m2 * l1) * gravity * level_1
            + phi_2;
        let by_first = match self.equations {
            Equations::Book => m2 * l1 * c2 * (velocity_1 * velocity_1) * sin_2,
            Equations::Nips => 0.0,
        };
        let push = torque + d2 / d1 * phi_1 - by_first - phi_2;
        let acceleration_2 = push / (m2 * (c2 * c2) + inertia - d2 * d2 / d1);
        let acceleration_1 = -(d2 * acceleration_2 + phi_1) / d1;
        [velocity_1, velocity_2, acceleration_1, acceleration_2]
    }

    /// The state one time step later.
    #[inline(always)]
    pub(super) fn advance(&self, state: [f64; 4], torque: f64, mathematics: &mut impl Mathematics) -> [f64; 4] {
        let after = |time: f64, slope: [f64; 4]| std::array::from_fn(|i| state[i] + time * slope[i]);
        let slope_1 = self.derivative(state, torque, mathematics);
        let slope_2 = self.derivative(after(self.tau / 2.0, slope_1), torque, mathematics);
        let slope_3 = self.derivative(after(self.tau / 2.0, slope_2), torque, mathematics);
        let slope_4 = self.derivative(after(self.tau, slope_3), torque, mathematics);
        let sum = |i: usize| slope_1[i] + 2.0 * slope_2[i] + 2.0 * slope_3[i] + slope_4[i];
        let [angle_1, angle_2, velocity_1, velocity_2] = after(self.tau / 6.0, std::array::from_fn(sum));
        [
            wrapped(angle_1, mathematics),
            wrapped(angle_2, mathematics),
            clamped(velocity_1, -self.max_velocity_1, self.max_velocity_1),
            clamped(velocity_2, -self.max_velocity_2, self.max_velocity_2),
        ]
    }
}

const CIRCLE: f64 = 2.0 * PI;

/// The same angle between -π and π, by as many whole turns as it takes; hardly ever more than two.
#[inline(always)]
fn wrapped(angle: f64, mathematics: &mut impl Mathematics) -> f64 {
    let turned = |angle: f64| {
        let angle = if angle > PI { angle - CIRCLE } else { angle };
        if angle < -PI { angle + CIRCLE } else { angle }
    };
    let twice = turned(turned(angle));
    mathematics.unless(twice.abs() > PI, twice, || turned_back(angle))
}

/// The same angle between -π and π, however far it is.
#[cold]
fn turned_back(mut angle: f64) -> f64 {
    if angle.abs() > 100.0 {
        angle %= CIRCLE; // Turn by turn would take long, or for ever.
    }
    while angle > PI {
        angle -= CIRCLE;
    }
    while angle < -PI {
        angle += CIRCLE;
    }
    angle
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::lanes::Alone;
    use crate::control::trigonometry::sin_cos;
    use crate::stream;
    use rand::RngExt;

    /// Kinetic and potential energy of Gymnasium's links, J.
    fn energy([angle_1, angle_2, velocity_1, velocity_2]: [f64; 4]) -> f64 {
        // Both inertias are about the centres of mass; the second link turns with both velocities.
        let (cos_1, cos_2, cos_both) = (sin_cos(angle_1).1, sin_cos(angle_2).1, sin_cos(angle_1 + angle_2).1);
        let both = velocity_1 + velocity_2;
        let first = 0.5 * (1.0 + 0.25) * velocity_1 * velocity_1;
        let second = 0.5 * (velocity_1 * velocity_1 + 0.25 * both * both + cos_2 * velocity_1 * both + both * both);
        first + second - 9.8 * (0.5 * cos_1 + cos_1 + 0.5 * cos_both)
    }

    #[test]
    fn without_torque_energy_stays_and_with_it_it_does_not() {
        let physics = Physics { tau: 0.001, ..Physics::default() };
        let mut state = [1.0, -0.5, 0.3, 0.8];
        let before = energy(state);
        for _ in 0..2000 {
            state = physics.advance(state, 0.0, &mut Alone);
        }
        assert!((energy(state) - before).abs() < 1e-9, "{} J of {before} J", energy(state) - before);
        // The equations of 1996 leave a term out, so they make energy of nothing.
        let nips = Physics { equations: Equations::Nips, ..physics };
        let mut state = [1.0, -0.5, 0.3, 0.8];
        for _ in 0..2000 {
            state = nips.advance(state, 0.0, &mut Alone);
        }
        assert!((energy(state) - before).abs() > 0.01);
    }

    #[test]
    fn work_is_torque_times_angle() {
        let physics = Physics { tau: 0.001, ..Physics::default() };
        let mut state = [0.1, 0.0, 0.0, 0.0];
        let before = energy(state);
        for _ in 0..500 {
            state = physics.advance(state, 1.0, &mut Alone);
        }
        assert!((energy(state) - before - state[1]).abs() < 1e-9, "the joint turned by {} rad", state[1]);
    }

    #[test]
    fn angles_are_wrapped() {
        for (angle, expected) in [(3.0, 3.0), (4.0, 4.0 - 2.0 * PI), (-10.0, 4.0 * PI - 10.0), (1000.5 * PI, 0.5 * PI)]
        {
            assert!((wrapped(angle, &mut Alone) - expected).abs() < 1e-11, "{angle}");
        }
        assert!((-PI..=PI).contains(&wrapped(1e300, &mut Alone)) && wrapped(f64::INFINITY, &mut Alone).is_nan());
        let mut rng = stream(0, "acrobot", &[2]);
        let drawn = (0..100_000).map(|draw| (rng.random::<f64>() - 0.5) * [12.0, 40.0, 190.0][draw % 3]);
        let turns = (-20..20).map(|turn| f64::from(turn) * PI);
        for angle in drawn.chain(turns).flat_map(|angle| [angle.next_down(), angle, angle.next_up()]) {
            assert_eq!(wrapped(angle, &mut Alone).to_bits(), turned_back(angle).to_bits(), "angle {angle:e}");
        }
    }
}
