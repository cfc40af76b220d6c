//! The two instruction sets of [`simd`](super::simd): sixteen lanes in one AVX-512 register, or in two of AVX2.

use super::simd::{Lanes, Packed};
use super::{Incoming, Reversal, Scratch, Update};
use crate::SubRnnConfig;
use crate::state::Layer;
use std::arch::x86_64::*;

/// How many sub-RNNs go back at a time. Their gradients are summed up together, so this says in which order, and it is the
/// same for both instruction sets, which so give the same bits.
const BACK: usize = 6;

/// A kernel for processors that have `$features`, with that many sub-RNNs in work at a time on the way there.
macro_rules! kernel {
    ($name:ident, $features:literal, $lanes:ty, $sub_rnns:literal) => {
        pub(super) struct $name(Packed);

        impl $name {
            pub fn new(config: &SubRnnConfig, theta: &[f32]) -> Self {
                $name(Packed::new(config, theta))
            }
        }

        impl Update for $name {
            fn update(&self, layer: &mut Layer, incoming: &Incoming<'_>, scratch: &mut Scratch) {
                #[target_feature(enable = $features)]
                unsafe fn run(packed: &Packed, layer: &mut Layer, incoming: &Incoming<'_>, scratch: &mut [f32]) {
                    // SAFETY: this function has the instructions.
                    unsafe { packed.update::<$lanes, $sub_rnns>(layer, incoming, scratch) }
                }
                // SAFETY: `Kernel::prepare` makes this kernel only where `Kernel::runs_here` found these features.
                unsafe { run(&self.0, layer, incoming, &mut scratch.lines) }
            }

            fn back_propagate(&self, reversal: Reversal<'_>, scratch: &mut Scratch) {
                #[target_feature(enable = $features)]
                unsafe fn run(packed: &Packed, reversal: Reversal<'_>, scratch: &mut [f32]) {
                    // SAFETY: this function has the instructions.
                    unsafe { packed.back_propagate::<$lanes, BACK>(reversal, scratch) }
                }
                // SAFETY: `Kernel::prepare` makes this kernel only where `Kernel::runs_here` found these features.
                unsafe { run(&self.0, reversal, &mut scratch.lines) }
            }
        }
    };
}

// The gates of one sub-RNN fill eight of AVX2's sixteen registers, those of six sub-RNNs 24 of AVX-512's 32.
kernel!(Avx2, "avx2,fma", Two, 1);
kernel!(Avx512, "avx512f", One, 6);

const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

/// One 512-bit register.
#[derive(Clone, Copy)]
struct One(__m512);

// SAFETY (all blocks below): whoever calls a method of `Lanes` promises the instruction set.
impl Lanes for One {
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { One(_mm512_load_ps(from)) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm512_store_ps(to, self.0) }
    }
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        unsafe { One(_mm512_set1_ps(x)) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { One(_mm512_add_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        unsafe { One(_mm512_sub_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        unsafe { One(_mm512_mul_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        unsafe { One(_mm512_div_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, summand: Self) -> Self {
        unsafe { One(_mm512_fmadd_ps(self.0, factor.0, summand.0)) }
    }
    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        unsafe { One(_mm512_min_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        unsafe { One(_mm512_max_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn round(self) -> Self {
        unsafe { One(_mm512_roundscale_ps::<NEAREST>(self.0)) }
    }
    #[inline(always)]
    unsafe fn scale(self, exponent: Self) -> Self {
        unsafe { One(_mm512_scalef_ps(self.0, exponent.0)) }
    }
    #[inline(always)]
    unsafe fn flush(self, limit: f32) -> Self {
        unsafe {
            // "Not less than" keeps NaN.
            let keep = _mm512_cmp_ps_mask::<_CMP_NLT_UQ>(_mm512_abs_ps(self.0), _mm512_set1_ps(limit));
            One(_mm512_maskz_mov_ps(keep, self.0))
        }
    }
}

/// Two 256-bit registers.
#[derive(Clone, Copy)]
struct Two(__m256, __m256);

// SAFETY (all blocks below): whoever calls a method of `Lanes` promises the instruction set.
impl Lanes for Two {
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { Two(_mm256_load_ps(from), _mm256_load_ps(from.add(8))) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe {
            _mm256_store_ps(to, self.0);
            _mm256_store_ps(to.add(8), self.1);
        }
    }
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        unsafe { Two(_mm256_set1_ps(x), _mm256_set1_ps(x)) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { Two(_mm256_add_ps(self.0, other.0), _mm256_add_ps(self.1, other.1)) }
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        unsafe { Two(_mm256_sub_ps(self.0, other.0), _mm256_sub_ps(self.1, other.1)) }
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        unsafe { Two(_mm256_mul_ps(self.0, other.0), _mm256_mul_ps(self.1, other.1)) }
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        unsafe { Two(_mm256_div_ps(self.0, other.0), _mm256_div_ps(self.1, other.1)) }
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, summand: Self) -> Self {
        unsafe { Two(_mm256_fmadd_ps(self.0, factor.0, summand.0), _mm256_fmadd_ps(self.1, factor.1, summand.1)) }
    }
    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        unsafe { Two(_mm256_min_ps(self.0, other.0), _mm256_min_ps(self.1, other.1)) }
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        unsafe { Two(_mm256_max_ps(self.0, other.0), _mm256_max_ps(self.1, other.1)) }
    }
    #[inline(always)]
    unsafe fn round(self) -> Self {
        unsafe { Two(_mm256_round_ps::<NEAREST>(self.0), _mm256_round_ps::<NEAREST>(self.1)) }
    }
    #[inline(always)]
    unsafe fn scale(self, exponent: Self) -> Self {
        #[inline(always)]
        unsafe fn half(x: __m256, exponent: __m256) -> __m256 {
            unsafe {
                let biased = _mm256_add_epi32(_mm256_cvtps_epi32(exponent), _mm256_set1_epi32(127));
                _mm256_mul_ps(x, _mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased)))
            }
        }
        unsafe { Two(half(self.0, exponent.0), half(self.1, exponent.1)) }
    }
    #[inline(always)]
    unsafe fn flush(self, limit: f32) -> Self {
        #[inline(always)]
        unsafe fn half(x: __m256, limit: f32) -> __m256 {
            unsafe {
                let magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0), x);
                let keep = _mm256_cmp_ps::<_CMP_NLT_UQ>(magnitude, _mm256_set1_ps(limit));
                _mm256_and_ps(keep, x)
            }
        }
        unsafe { Two(half(self.0, limit), half(self.1, limit)) }
    }
}
