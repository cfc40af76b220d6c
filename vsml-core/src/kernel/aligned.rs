//! Numbers on cache-line borders, so that a kernel's loads never straddle two lines.

use std::ops::{Deref, DerefMut};

/// Numbers per line: what an AVX-512 register holds.
pub(crate) const LANES: usize = 16;

/// A register's numbers.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Line(pub [f32; LANES]);

/// A fixed number of `f32`, a multiple of [`LANES`], on a 64-byte border. Dereferences to a slice.
#[derive(Clone, Debug)]
pub(crate) struct Lines(Vec<Line>);

impl Lines {
    /// Zeros; `len` is rounded up to whole lines.
    pub fn zeros(len: usize) -> Self {
        Lines(vec![Line([0.0; LANES]); len.div_ceil(LANES)])
    }
}

impl Deref for Lines {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: `Line` is `repr(C)` of 64 bytes with alignment 64, so lines lie without gaps and each is 16 `f32`.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len() * LANES) }
    }
}

impl DerefMut for Lines {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`; the borrow of `self` is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), self.0.len() * LANES) }
    }
}
