//! One update of a cell and the way back through it.

use crate::kernel::activation::FLUSH_BELOW;
use crate::kernel::simd::Lanes;
use std::f32::consts::LOG2_E;

/// Numbers of a sub-RNN that are kept for each micro tick: h, c, the gates i, g, f, o, and the tanh of the new c.
pub(super) const RECORDED: usize = 7;

/// What one update of a cell comes to, with all that its derivatives need.
pub(super) struct Activations<V> {
    gates: [V; 4],
    tanh_c: V,
    pub c: V,
    pub h: V,
}

impl<V: Lanes> Activations<V> {
    /// From gates that are scaled already. As in the update, fractions are combined: one division makes i, g and f, another
    /// o and the tanh of c.
    #[inline(always)]
    pub(super) unsafe fn new([i, g, f, o]: [V; 4], c: V) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            let one = V::splat(1.0);
            let (eg, eo) = (g.exp2(), o.exp2().add(one));
            let (di, dg, df) = (i.exp2().add(one), eg.add(one), f.exp2().add(one));
            let quotient = one.div(di.mul(dg).mul(df));
            let i = quotient.mul(dg.mul(df));
            let g = eg.sub(one).mul(quotient.mul(di.mul(df)));
            let f = quotient.mul(di.mul(dg));
            let c = f.mul_add(c, i.mul(g)).flush(FLUSH_BELOW);
            let ec = c.mul(V::splat(2.0 * LOG2_E)).exp2();
            let dc = ec.add(one);
            let quotient = one.div(eo.mul(dc));
            let tanh_c = ec.sub(one).mul(quotient.mul(eo));
            let o = quotient.mul(dc);
            Activations { gates: [i, g, f, o], tanh_c, c, h: o.mul(tanh_c).flush(FLUSH_BELOW) }
        }
    }

    /// Keeps gates and tanh c; h and c of before the update, which precede them in the record, are there already.
    #[inline(always)]
    pub(super) unsafe fn store(&self, at: *mut f32, part: usize) {
        // SAFETY: the caller's promise: instructions, and room for seven parts.
        unsafe {
            for (number, gate) in self.gates.iter().enumerate() {
                gate.store(at.add((2 + number) * part));
            }
            self.tanh_c.store(at.add(6 * part));
        }
    }
}

/// The way back through one update of a cell, of which `at` has the record: the derivatives of the gates before their
/// activation, and of the earlier `c`.
#[inline(always)]
pub(super) unsafe fn of_lstm<V: Lanes>(at: *const f32, part: usize, of_h: V, of_c: V, c: V) -> ([V; 4], V) {
    // SAFETY: the caller's promise: instructions, and a record of seven parts.
    unsafe {
        let one = V::splat(1.0);
        let [i, g, f, o] = [2, 3, 4, 5].map(|number| V::load(at.add(number * part)));
        let tanh_c = V::load(at.add(6 * part));
        let slope = one.sub(tanh_c.mul(tanh_c));
        let of_c = of_h.mul(o).mul_add(slope, of_c);
        let of_i = of_c.mul(g).mul(i).mul(one.sub(i));
        let of_g = of_c.mul(i).mul(one.sub(g.mul(g)));
        let of_f = of_c.mul(c).mul(f).mul(one.sub(f));
        let of_o = of_h.mul(tanh_c).mul(o).mul(one.sub(o));
        ([of_i, of_g, of_f, of_o], of_c.mul(f))
    }
}
