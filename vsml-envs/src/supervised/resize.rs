//! Images of another size.
//!
//! Each pixel of the new image is an average of the old ones around its place, weighted by a triangle: as wide as two old
//! pixels when enlarging, which is bilinear interpolation, and as two new ones when shrinking, so that no pixel is skipped.
//! Pillow's *bilinear* filter does the same. Rows and columns are done one after the other, and what lies outside of the
//! image has no weight.

/// The new pixels along one axis: where each begins among the old ones, and with which weights.
struct Axis {
    from: usize,
    pixels: Vec<(usize, Vec<f64>)>,
}

impl Axis {
    fn new(from: usize, to: usize) -> Self {
        let scale = from as f64 / to as f64;
        let reach = scale.max(1.0);
        let pixel = |place: usize| {
            let centre = (place as f64 + 0.5) * scale;
            let first = (centre - reach).floor().max(0.0) as usize;
            let end = ((centre + reach).ceil() as usize).min(from);
            let weight = |old: usize| (1.0 - (old as f64 + 0.5 - centre).abs() / reach).max(0.0);
            let mut weights: Vec<f64> = (first..end).map(weight).collect();
            let sum: f64 = weights.iter().sum();
            weights.iter_mut().for_each(|weight| *weight /= sum);
            (first, weights)
        };
        Axis { from, pixels: (0..to).map(pixel).collect() }
    }

    /// Applies the weights to the old numbers that lie `stride` apart from `start`.
    fn apply(&self, old: &[f64], start: usize, stride: usize, mut put: impl FnMut(usize, f64)) {
        debug_assert!(start + (self.from - 1) * stride < old.len());
        for (place, (first, weights)) in self.pixels.iter().enumerate() {
            let at = |i: usize| old[start + (first + i) * stride];
            put(place, weights.iter().enumerate().map(|(i, weight)| weight * at(i)).sum());
        }
    }
}

/// Resizes images of `height` x `width` pixels, which lie one after the other, to `side` x `side`. Each pixel is
/// multiplied by `gain` before it is rounded, so that old levels of 0 to 16 may become new ones of 0 to 255.
pub(super) fn resize(pixels: &[u8], height: usize, width: usize, side: usize, gain: f64) -> Vec<u8> {
    let (columns, rows) = (Axis::new(width, side), Axis::new(height, side));
    let mut old = vec![0.0; height * width];
    let mut narrow = vec![0.0; height * side];
    let mut resized = Vec::with_capacity(pixels.len() / (height * width) * side * side);
    for image in pixels.chunks_exact(height * width) {
        for (number, &pixel) in old.iter_mut().zip(image) {
            *number = f64::from(pixel) * gain;
        }
        for row in 0..height {
            columns.apply(&old, row * width, 1, |column, number| narrow[row * side + column] = number);
        }
        let start = resized.len();
        resized.resize(start + side * side, 0);
        for column in 0..side {
            rows.apply(&narrow, column, side, |row, number| {
                resized[start + row * side + column] = number.round().clamp(0.0, 255.0) as u8;
            });
        }
    }
    resized
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_size_changes_nothing() {
        let pixels: Vec<u8> = (0..50).map(|i| (i * 37) as u8).collect();
        assert_eq!(resize(&pixels, 5, 5, 5, 1.0), pixels);
    }

    #[test]
    fn an_even_image_stays_even() {
        for side in [1, 2, 3, 7, 20] {
            assert_eq!(resize(&[9; 35], 5, 7, side, 10.0), vec![90; side * side], "{side}");
        }
    }

    #[test]
    fn enlarging_interpolates_between_neighbours() {
        // Centres of the new pixels lie at 0.25, 0.75, 1.25 and 1.75 old ones, those of the old at 0.5 and 1.5.
        assert_eq!(resize(&[0, 100, 0, 100], 2, 2, 4, 1.0)[..4], [0, 25, 75, 100]);
    }

    #[test]
    fn shrinking_looks_at_every_pixel() {
        // Weights 1/4 (outer) and 3/4 (inner) of 4 to 2 pixels, without what lies outside: 3, 3, 1 of 7.
        assert_eq!(resize(&[70, 0, 0, 0].repeat(4), 4, 4, 2, 1.0), [30, 0, 30, 0]);
        assert_eq!(resize(&[0, 0, 70, 0].repeat(4), 4, 4, 2, 1.0), [10, 30, 10, 30]);
    }

    #[test]
    fn rows_are_not_columns() {
        let tall = [0, 0, 100, 100, 0, 0];
        assert_eq!(resize(&tall, 3, 2, 3, 1.0), [0, 0, 0, 100, 100, 100, 0, 0, 0]);
        let wide = [0, 100, 0, 0, 100, 0];
        assert_eq!(resize(&wide, 2, 3, 3, 1.0), [0, 100, 0, 0, 100, 0, 0, 100, 0]);
    }
}
