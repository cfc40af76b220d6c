//! Sigmoid and tanh, by one polynomial for 2^x, everywhere.
//!
//! The C library's functions differ between machines, and a vector library's from both. Here all kernels evaluate the
//! same polynomial on the same reduced argument, so that a learner behaves alike wherever it runs. The scalar form is
//! in this file; the vector form is [`Lanes::exp2`](super::simd::Lanes::exp2). What is outside of the network is not so
//! strict: the bound of the outputs and [`softmax`](crate::softmax) ask the platform's `tanh` and `exp`.

/// Exponents beyond this, either way, are cut: sigmoid is 1 or below 1e-12 there, tanh is ±1, and the product of three powers
/// of two of this size still is a number.
pub(crate) const EXPONENT_LIMIT: f32 = 40.0;

/// A state whose magnitude is below this becomes 0: denormal numbers are a hundred times slower, and a state that
/// decays would stay among them for ever.
pub(crate) const FLUSH_BELOW: f32 = 1e-30;

/// What a layer norm adds to the variance.
pub(crate) const NORM_EPSILON: f32 = 1e-5;

/// Coefficients c1 to c5 of `2^f = 1 + c1 f + ... + c5 f^5` on [-1/2, 1/2]: weighted least squares, reweighted until the
/// relative error was level at 1.1e-7; 1.9e-7 when evaluated in `f32`. The constant is exactly 1 so that tanh(0) is
/// exactly 0, which keeps the unused lanes of a vector at 0.
#[allow(clippy::approx_constant, reason = "c1 is near ln 2, but it is a fitted coefficient")]
pub(crate) const EXP2_POLYNOMIAL: [f32; 5] = [0.693147, 0.24022242, 0.055507336, 0.009671513, 0.0013264727];

/// 2^x, with x cut to ±[`EXPONENT_LIMIT`]. NaN stays NaN. Without branches, so that a loop over many becomes vectors.
#[inline(always)]
fn exp2(x: f32) -> f32 {
    // Adding 1.5 * 2^23 rounds to the nearest whole number, ties to even, and leaves it in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-EXPONENT_LIMIT, EXPONENT_LIMIT);
    let rounded = x + ROUND;
    let f = x - (rounded - ROUND);
    let [c1, c2, c3, c4, c5] = EXP2_POLYNOMIAL;
    let power = ((((c5 * f + c4) * f + c3) * f + c2) * f + c1) * f + 1.0;
    power * f32::from_bits(rounded.to_bits().wrapping_add(127) << 23)
}

/// 1 / (1 + e^-x), within 3e-7, with the same bits on every machine.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp2(-std::f32::consts::LOG2_E * x))
}

/// (e^2x - 1) / (e^2x + 1), within 3e-7, with the same bits on every machine.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let e = exp2(2.0 * std::f32::consts::LOG2_E * x);
    (e - 1.0) / (e + 1.0)
}

/// `x`, or 0 where its magnitude is below [`FLUSH_BELOW`].
#[inline]
pub(crate) fn flush(x: f32) -> f32 {
    if x.abs() < FLUSH_BELOW { 0.0 } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_follow_the_true_functions() {
        for i in -400_000..=400_000 {
            let x = i as f32 * 1e-4;
            let exact = f64::from(x);
            assert!((f64::from(sigmoid(x)) - 1.0 / (1.0 + (-exact).exp())).abs() < 3e-7, "sigmoid({x})");
            assert!((f64::from(tanh(x)) - exact.tanh()).abs() < 3e-7, "tanh({x})");
        }
    }

    #[test]
    fn special_values() {
        assert_eq!(tanh(0.0), 0.0);
        assert_eq!(sigmoid(0.0), 0.5);
        assert_eq!((sigmoid(f32::INFINITY), tanh(f32::NEG_INFINITY)), (1.0, -1.0));
        assert!(sigmoid(f32::NEG_INFINITY) < 1e-11);
        assert!(sigmoid(f32::NAN).is_nan() && tanh(f32::NAN).is_nan());
        assert_eq!((flush(9e-31), flush(-9e-31), flush(1e-30)), (0.0, 0.0, 1e-30));
        assert!(flush(f32::NAN).is_nan());
    }
}
