//! Sine and cosine that have the same bits on every machine.
//!
//! `f64::sin` asks the operating system's library, and those differ in the last bit: from system to system, from version
//! to version, and possibly with the processor. In a chaotic system the last bit soon is the first, so an environment
//! that promises the same trajectory everywhere cannot use it. The `libm` crate is the same everywhere, but does not
//! always round to the nearest `f64`, and Gymnasium's recorded trajectories, made with a library that nearly always
//! does, are left within a dozen steps.
//!
//! Hence this: Taylor's series, with the terms that matter for the last bit carried in pairs of `f64` (a rounded number
//! and what the rounding lost), by addition and multiplication alone. Of 200,000 random angles up to [`SMALL`], no
//! sine and 5 cosines were not the nearest `f64` (glibc 2.36: 305 and 21, `libm`: 1,357 and 405). Larger angles go to
//! `libm`; cart-poles have fallen long before.

/// Up to here, in radians, the series are used.
const SMALL: f64 = 0.25;

/// 1/6, rounded, and what the rounding lost.
const SIXTH: (f64, f64) = (1.0 / 6.0, 9.25185853854297e-18);

/// What follows x - x³/6 in the sine's series, over x⁵, in powers of x².
const SINE: [f64; 5] = [1.0 / 120.0, -1.0 / 5040.0, 1.0 / 362_880.0, -1.0 / 39_916_800.0, 1.0 / 6_227_020_800.0];

/// What follows 1 - x²/2 in the cosine's series, over x⁴, in powers of x².
const COSINE: [f64; 5] = [1.0 / 24.0, -1.0 / 720.0, 1.0 / 40_320.0, -1.0 / 3_628_800.0, 1.0 / 479_001_600.0];

/// Sine and cosine of `angle`, in radians.
pub(crate) fn sin_cos(angle: f64) -> (f64, f64) {
    if angle.abs() > SMALL || angle.is_nan() {
        return (libm::sin(angle), libm::cos(angle));
    }
    small_sin_cos(angle, product)
}

/// Sine and cosine of an angle up to [`SMALL`], with a `product` that says what rounding lost: [`product`] or
/// [`product_fused`], which makes no difference to the result.
#[inline(always)]
pub(super) fn small_sin_cos(angle: f64, product: impl Fn(f64, f64) -> (f64, f64)) -> (f64, f64) {
    let (square, square_rest) = product(angle, angle);

    let (cube, cube_rest) = product(angle, square);
    let cube_rest = cube_rest + angle * square_rest;
    let (sixth, sixth_rest) = product(cube, SIXTH.0);
    let sixth_rest = sixth_rest + (cube * SIXTH.1 + cube_rest * SIXTH.0);
    let (sum, sum_rest) = ordered_sum(angle, -sixth);
    let sin = sum + (sum_rest + (cube * square * polynomial(square, SINE) - sixth_rest));

    let (sum, sum_rest) = ordered_sum(1.0, -0.5 * square);
    let cos = sum + (sum_rest + (square * square * polynomial(square, COSINE) - 0.5 * square_rest));
    (sin, cos)
}

/// The product as a rounded number and what the rounding lost (Dekker 1971; needs no fused multiplication).
#[inline(always)]
pub(super) fn product(a: f64, b: f64) -> (f64, f64) {
    let ((a_high, a_low), (b_high, b_low)) = (halves(a), halves(b));
    let rounded = a * b;
    (rounded, ((a_high * b_high - rounded) + a_high * b_low + a_low * b_high) + a_low * b_low)
}

/// The same where the processor multiplies and adds without rounding in between; elsewhere it is right, and slow.
#[inline(always)]
pub(super) fn product_fused(a: f64, b: f64) -> (f64, f64) {
    let rounded = a * b;
    (rounded, a.mul_add(b, -rounded))
}

/// The upper and the lower half of a number's digits.
#[inline(always)]
fn halves(x: f64) -> (f64, f64) {
    const SPLITTER: f64 = 134_217_729.0; // 2^27 + 1
    let shifted = SPLITTER * x;
    let high = shifted - (shifted - x);
    (high, x - high)
}

/// The sum as a rounded number and what the rounding lost, given that `large` is the larger of the two.
#[inline(always)]
fn ordered_sum(large: f64, small: f64) -> (f64, f64) {
    let rounded = large + small;
    (rounded, small - (rounded - large))
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
            let angle = (rng.random::<f64>() - 0.5) * [0.5, 0.01, 20.0][draw % 3];
            let (sin, cos) = sin_cos(angle);
            assert!(apart(sin, angle.sin()) <= 1 && apart(cos, angle.cos()) <= 1, "angle {angle}");
        }
    }

    #[test]
    fn what_is_no_angle_has_no_sine() {
        for angle in [f64::NAN, f64::INFINITY] {
            assert!(sin_cos(angle).0.is_nan() && sin_cos(angle).1.is_nan());
        }
    }
}
