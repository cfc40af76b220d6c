//! Sine and cosine that have the same bits on every machine.
//!
//! `f64::sin` asks the operating system's library, and those differ in the last bit: from system to system, from version
//! to version, and possibly with the processor. In a chaotic system the last bit soon is the first, so an environment
//! that promises the same trajectory everywhere cannot use it. The `libm` crate is the same everywhere, but does not
//! always round to the nearest `f64`, and Gymnasium's recorded trajectories, made with a library that nearly always
//! does, are left within a dozen steps.
//!
//! Hence this: Taylor's series, with the terms that matter for the last bit carried in [pairs](Pair), by addition and
//! multiplication alone. An angle beyond [`SMALL`] is first brought near 0 by taking a multiple of a 64th of the circle
//! from it, which the addition theorems put back with a table. Of 200,000 random angles up to [`SMALL`], no sine and 5
//! cosines were not the nearest `f64` (glibc 2.36: 305 and 21, `libm`: 1,357 and 405); of 216,000 larger ones,
//! up to [`LARGE`], none (glibc: 293 and 287). Still larger angles go to `libm`.

use std::f64::consts::FRAC_1_SQRT_2;

/// A number and what is missing from it: their sum is meant, with about twice the digits of an `f64`.
pub(super) type Pair = (f64, f64);

/// Up to here, in radians, the series are used as they are.
pub(super) const SMALL: f64 = 0.25;

/// Up to here, in radians, angles are brought near 0 without loss.
const LARGE: f64 = 1e5;

/// 1/6.
const SIXTH: Pair = (1.0 / 6.0, 9.25185853854297e-18);

/// What follows x - x³/6 in the sine's series, over x⁵, in powers of x².
const SINE: [f64; 5] = [1.0 / 120.0, -1.0 / 5040.0, 1.0 / 362_880.0, -1.0 / 39_916_800.0, 1.0 / 6_227_020_800.0];

/// What follows 1 - x²/2 in the cosine's series, over x⁴, in powers of x².
const COSINE: [f64; 5] = [1.0 / 24.0, -1.0 / 720.0, 1.0 / 40_320.0, -1.0 / 3_628_800.0, 1.0 / 479_001_600.0];

/// How many parts the circle is cut into.
const PARTS: usize = 64;

/// A 64th of the circle, π/32, in three pieces: the first two have 33 digits, so that their multiples are exact.
const PART: [f64; 3] = [0.09817477042088285, 3.798187816439979e-12, 1.2639164054974691e-22];

/// 32/π.
const PARTS_PER_RADIAN: f64 = 10.185916357881302;

/// The sines of the parts of the first quarter of the circle.
const FIRST_QUARTER: [Pair; PARTS / 4 + 1] = [
    (0.0, 0.0),
    (0.0980171403295606, -1.634582362244256e-18),
    (0.19509032201612828, -7.991079068461731e-18),
    (0.2902846772544624, -1.892797870777425e-17),
    (0.3826834323650898, -1.0050772696461588e-17),
    (0.47139673682599764, 6.516678136069013e-18),
    (0.5555702330196022, 4.709410940561677e-17),
    (0.6343932841636455, 1.0420901929280035e-17),
    (FRAC_1_SQRT_2, -4.833646656726457e-17),
    (0.773010453362737, -3.256590703364977e-17),
    (0.8314696123025452, 1.4073856984728024e-18),
    (0.881921264348355, -1.9843248405890562e-17),
    (0.9238795325112867, 1.7645047084336677e-17),
    (0.9569403357322088, 4.05538698618757e-17),
    (0.9807852804032304, 1.8546939997825006e-17),
    (0.9951847266721969, -4.248691367830441e-17),
    (1.0, 0.0),
];

/// The sines of all parts of the circle.
const SINES: [Pair; PARTS] = {
    let mut sines = [(0.0, 0.0); PARTS];
    let (quarter, mut part) = (PARTS / 4, 0);
    while part <= quarter {
        let (number, rest) = FIRST_QUARTER[part];
        sines[part] = (number, rest);
        sines[2 * quarter - part] = (number, rest);
        sines[2 * quarter + part] = (-number, -rest);
        sines[(4 * quarter - part) % PARTS] = (-number, -rest);
        part += 1;
    }
    sines
};

/// Sine and cosine of `angle`, in radians.
#[inline]
pub(crate) fn sin_cos(angle: f64) -> (f64, f64) {
    if angle.abs() <= SMALL {
        small_sin_cos(angle, product)
    } else if angle.abs() <= LARGE {
        around_the_circle(angle, angle * PARTS_PER_RADIAN + WHOLE, product)
    } else {
        (libm::sin(angle), libm::cos(angle))
    }
}

/// Sine and cosine of an angle up to [`SMALL`], with a `product` that says what rounding lost: [`product`] or
/// [`product_fused`], which makes no difference to the result.
#[inline(always)]
pub(super) fn small_sin_cos(angle: f64, product: impl Fn(f64, f64) -> Pair + Copy) -> (f64, f64) {
    let (sine, versine) = series((angle, 0.0), product);
    let (cosine, rest) = ordered_sum(1.0, -versine.0);
    (sine.0 + sine.1, cosine + (rest - versine.1))
}

/// A number of moderate size loses all digits behind the point when this is added to it, and those before it are the last
/// of the sum.
const WHOLE: f64 = 3.0 * (1_u64 << 51) as f64;

/// The whole number nearest to a number of moderate size.
#[inline(always)]
pub(super) fn nearest_whole(x: f64) -> f64 {
    (x + WHOLE) - WHOLE
}

/// Whether [`in_any_lane`] knows sine and cosine of this angle.
#[inline(always)]
pub(super) fn in_reach(angle: f64) -> bool {
    angle.abs() <= LARGE
}

/// Sine and cosine of an angle [in reach](in_reach), without a branch, so that processors can take several at a time; the
/// same as those of [`sin_cos`], for no part of the circle added to an angle up to [`SMALL`] changes nothing.
#[inline(always)]
pub(super) fn in_any_lane(angle: f64, product: impl Fn(f64, f64) -> Pair + Copy) -> (f64, f64) {
    let parts = if angle.abs() <= SMALL { WHOLE } else { angle * PARTS_PER_RADIAN + WHOLE };
    around_the_circle(angle, parts, product)
}

/// Sine and cosine by way of the nearest part of the circle, whose number comes with [`WHOLE`] added to it.
#[inline(always)]
fn around_the_circle(angle: f64, parts: f64, product: impl Fn(f64, f64) -> Pair + Copy) -> (f64, f64) {
    let part = parts.to_bits() as usize % PARTS;
    let parts = parts - WHOLE;
    let (near, near_rest) = sum(angle - parts * PART[0], -(parts * PART[1]));
    let (sine, versine) = series(ordered_sum(near, near_rest - parts * PART[2]), product);

    let (of_sine, of_cosine) = (SINES[part], SINES[(part + PARTS / 4) % PARTS]);
    // sin(a + b) = sin a + cos a sin b - sin a (1 - cos b), and cos(a + b) = cos a - sin a sin b - cos a (1 - cos b).
    let sin = total(of_sine, times(of_cosine, sine, product), times(of_sine, versine, product));
    let cos = total(of_cosine, times((-of_sine.0, -of_sine.1), sine, product), times(of_cosine, versine, product));
    (sin, cos)
}

/// `start + up - down`, rounded once.
#[inline(always)]
fn total(start: Pair, up: Pair, down: Pair) -> f64 {
    let (first, first_rest) = sum(start.0, up.0);
    let (second, second_rest) = sum(first, -down.0);
    second + ((first_rest + second_rest) + ((start.1 + up.1) - down.1))
}

/// Sine, and one minus cosine, of a small angle.
#[inline(always)]
fn series(angle: Pair, product: impl Fn(f64, f64) -> Pair + Copy) -> (Pair, Pair) {
    let square = times(angle, angle, product);
    let cube = times(angle, square, product);
    let sixth = times(cube, SIXTH, product);
    let (sine, rest) = ordered_sum(angle.0, -sixth.0);
    let rest = rest + (angle.1 + (cube.0 * square.0 * polynomial(square.0, SINE) - sixth.1));
    let versine_rest = 0.5 * square.1 - square.0 * square.0 * polynomial(square.0, COSINE);
    ((sine, rest), (0.5 * square.0, versine_rest))
}

/// The product of two pairs.
#[inline(always)]
fn times(a: Pair, b: Pair, product: impl Fn(f64, f64) -> Pair) -> Pair {
    let (rounded, rest) = product(a.0, b.0);
    (rounded, rest + (a.0 * b.1 + a.1 * b.0))
}

/// The product as a rounded number and what the rounding lost (Dekker 1971; needs no fused multiplication).
#[inline(always)]
pub(super) fn product(a: f64, b: f64) -> Pair {
    let ((a_high, a_low), (b_high, b_low)) = (halves(a), halves(b));
    let rounded = a * b;
    (rounded, ((a_high * b_high - rounded) + a_high * b_low + a_low * b_high) + a_low * b_low)
}

/// The same where the processor multiplies and adds without rounding in between; elsewhere it is right, and slow.
#[inline(always)]
pub(super) fn product_fused(a: f64, b: f64) -> Pair {
    let rounded = a * b;
    (rounded, a.mul_add(b, -rounded))
}

/// The upper and the lower half of a number's digits.
#[inline(always)]
fn halves(x: f64) -> Pair {
    const SPLITTER: f64 = 134_217_729.0; // 2^27 + 1
    let shifted = SPLITTER * x;
    let high = shifted - (shifted - x);
    (high, x - high)
}

/// The sum as a rounded number and what the rounding lost, given that `large` is the larger of the two.
#[inline(always)]
fn ordered_sum(large: f64, small: f64) -> Pair {
    let rounded = large + small;
    (rounded, small - (rounded - large))
}

/// The sum as a rounded number and what the rounding lost (Knuth).
#[inline(always)]
fn sum(a: f64, b: f64) -> Pair {
    let rounded = a + b;
    let part_of_b = rounded - a;
    (rounded, (a - (rounded - part_of_b)) + (b - part_of_b))
}

/// `c[0] + c[1] x + c[2] x² + ...`
#[inline(always)]
fn polynomial(x: f64, coefficients: [f64; 5]) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;
    use rand::RngExt;
    use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI, TAU};

    #[test]
    fn values_are_the_nearest_to_the_truth() {
        // Python: import mpmath as m; m.mp.prec = 160; print(float(m.sin(m.mpf(x))), float(m.cos(m.mpf(x))))
        for (angle, sin, cos) in [
            (0.1, 0.09983341664682815, 0.9950041652780258),
            (-0.2094, -0.20787304380969335, 0.978155814610992),
            (0.25, 0.24740395925452294, 0.9689124217106447),
            (0.01, 0.009999833334166664, 0.9999500004166653),
            (1e-5, 9.999999999833334e-06, 0.99999999995),
            (0.0, 0.0, 1.0),
            // Near and far, on the axes, and six angles whose sine glibc 2.36 rounds the wrong way.
            (0.3, 0.29552020666133955, 0.955336489125606),
            (-1.0, -0.8414709848078965, 0.5403023058681398),
            (FRAC_PI_2, 1.0, 6.123233995736766e-17),
            (PI, 1.2246467991473532e-16, -1.0),
            (-PI, -1.2246467991473532e-16, -1.0),
            (TAU, -2.4492935982947064e-16, 1.0),
            (100.0, -0.5063656411097588, 0.8623188722876839),
            (22.0, -0.008851309290403876, -0.9999608263946371),
            (-4.71238898038469, 1.0, -1.8369701987210297e-16),
            (FRAC_PI_4, 0.7071067811865475, FRAC_1_SQRT_2),
            (99999.0, 0.860248280789742, -0.5098753724179009),
            (-21.60398819379739, -0.37756049680832854, -0.9259849195585467),
            (-38.05193591525744, -0.3455492929042429, 0.9384006000495618),
            (12.96212672563091, 0.3855059668496023, 0.9227053427413072),
            (-6.639807266134028, -0.3491107314758832, 0.9370814784042921),
            (81.84020969760138, 0.1581341148548818, 0.9874176430057664),
            (24.901116297354903, -0.22955936292563364, 0.9732946619052101),
        ] {
            assert_eq!(sin_cos(angle), (sin, cos), "angle {angle}");
        }
    }

    #[test]
    fn values_are_those_of_other_libraries_but_for_the_last_bit() {
        let mut rng = stream(0, "trigonometry", &[]);
        let apart = |a: f64, b: f64| a.to_bits().abs_diff(b.to_bits());
        for draw in 0..100_000 {
            // Angles of all sizes, on both sides of where the method changes.
            let angle = (rng.random::<f64>() - 0.5) * [0.5, 0.01, 200.0][draw % 3];
            let (sin, cos) = sin_cos(angle);
            assert!(apart(sin, angle.sin()) <= 1 && apart(cos, angle.cos()) <= 1, "angle {angle}");
        }
    }

    #[test]
    fn lanes_have_the_same_bits() {
        let mut rng = stream(0, "trigonometry", &[1]);
        let sizes = [0.5, 1e-3, 1e-12, 1e-160, 7.0, 200.0, 2.0 * LARGE];
        let drawn = (0..100_000).map(|draw| (rng.random::<f64>() - 0.5) * sizes[draw % sizes.len()]);
        let parts = (-500..500).map(|part| f64::from(part) / PARTS_PER_RADIAN);
        let corners = [0.0, SMALL, SMALL.next_up(), LARGE, LARGE.next_down(), f64::MIN_POSITIVE, f64::from_bits(1), PI];
        let bits = |(sin, cos): (f64, f64)| (sin.to_bits(), cos.to_bits());
        for angle in drawn.chain(parts).chain(corners).flat_map(|angle| [angle, -angle]) {
            assert!(in_reach(angle));
            for lanes in [in_any_lane(angle, product), in_any_lane(angle, product_fused)] {
                assert_eq!(bits(lanes), bits(sin_cos(angle)), "angle {angle:e}");
            }
        }
        assert!(!in_reach(LARGE.next_up()) && !in_reach(f64::NAN));
    }

    #[test]
    fn what_is_no_angle_has_no_sine() {
        for angle in [f64::NAN, f64::INFINITY] {
            assert!(sin_cos(angle).0.is_nan() && sin_cos(angle).1.is_nan());
        }
    }
}
