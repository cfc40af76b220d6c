//! Handwritten digits, small enough to be part of the crate.

use super::idx_file::{IdxError, IdxImages, read_images, read_labels};
use super::images::{self, Images};
use crate::registry::Family;
use crate::{Environment, Rng, TaskDistribution};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The greatest value of a pixel.
const WHITE: u8 = 16;

/// Images and labels of the two parts.
const PARTS: [[&[u8]; 2]; 2] = [
    [
        include_bytes!("../../data/digits-train-images-idx3-ubyte"),
        include_bytes!("../../data/digits-train-labels-idx1-ubyte"),
    ],
    [
        include_bytes!("../../data/digits-test-images-idx3-ubyte"),
        include_bytes!("../../data/digits-test-labels-idx1-ubyte"),
    ],
];

/// Which of the digits there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DigitsPart {
    /// All 1,797.
    #[default]
    All,
    /// The first 1,000.
    Train,
    /// The last 797.
    Test,
}

/// Handwritten digits: `Digits-v0`.
///
/// # Description
/// 1,797 digits of 8 x 8 pixels, written by 13 people: the test half of *Optical Recognition of Handwritten Digits* (E.
/// Alpaydin and C. Kaynak, 1998, UCI Machine Learning Repository, CC BY 4.0), as scikit-learn has it. They are part of the
/// crate, so nothing is downloaded.
///
/// # Action space
/// `Discrete(10)`, or as many as `classes` says: the guess.
///
/// # Observation space
/// `Box(-0.305, 0.695, [8, 8])`: `(pixel - 4.884) / 16` of pixels from 0 (paper) to 16 (ink). 4.884 is the average of all
/// pixels of all digits, in whichever part: so numbers have zero mean and a range of 1.
///
/// # Rewards
/// 1 if the guess is right, otherwise 0; the target tells the digit.
///
/// # Starting state
/// Any digit. Examples come in a random order without replacement, and in another one when all have come.
///
/// # Episode end
/// Never. Lifetimes are counted in steps, 500 by default.
///
/// # Arguments
/// `part` (`all`), `classes` (0), `resize` (0): the fields below. The parts are cut from the order of the file, in which
/// writers seem to follow one another (it does not say who wrote what), so `test` is about other people's hands.
///
/// # Differences from the source
/// Scaled as said. The parts are this crate's own.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Digits {
    /// Which of the digits there are.
    pub part: DigitsPart,
    /// How many of the ten digits a task keeps: it draws which, and in which order they are named. 0 keeps all, each under
    /// its own name.
    pub classes: usize,
    /// Pixels in a row and in a column after resizing; 0 leaves the 8 that there are.
    pub resize: usize,
    /// The digits, once loaded.
    #[serde(skip)]
    images: Option<Arc<Images>>,
}

impl Digits {
    /// The digits of a part, every one as it is in the file.
    fn read(part: DigitsPart) -> Result<(IdxImages, Vec<u8>), IdxError> {
        let parts = match part {
            DigitsPart::All => &PARTS[..],
            DigitsPart::Train => &PARTS[..1],
            DigitsPart::Test => &PARTS[1..],
        };
        let mut all = IdxImages { height: 8, width: 8, pixels: Vec::new() };
        let mut labels = Vec::new();
        for [image_file, label_file] in parts {
            all.pixels.extend(read_images("the images of the digits", *image_file)?.pixels);
            labels.extend(read_labels("the labels of the digits", *label_file)?);
        }
        Ok((all, labels))
    }
}

impl TaskDistribution for Digits {
    /// # Panics
    /// If [`Family::load`] has not been called; the registry does.
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        match &self.images {
            Some(images) => images.task(self.classes, rng),
            None => panic!("the digits must be loaded (`Family::load`) before a task is drawn"),
        }
    }
}

impl Family for Digits {
    fn check(&self) -> Result<(), String> {
        images::check(self.resize, self.classes)?;
        if self.classes > 10 {
            return Err(format!("`classes` is {}: there are 10 digits", self.classes));
        }
        Ok(())
    }

    fn load(&mut self) -> Result<(), String> {
        let read = |part| Digits::read(part).map_err(|error| error.to_string());
        let mean = Images::mean(&read(DigitsPart::All)?.0.pixels);
        let (images, labels) = read(self.part)?;
        self.images = Some(Arc::new(Images::new(images, &labels, WHITE, mean).resized(self.resize)?));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Space;

    #[test]
    fn the_data_are_what_scikit_learn_has() {
        let (images, labels) = Digits::read(DigitsPart::All).unwrap();
        assert_eq!((images.count(), labels.len()), (1797, 1797));
        let mut counts = [0; 10];
        labels.iter().for_each(|&label| counts[usize::from(label)] += 1);
        // Counted with scikit-learn 1.9.1, as is the mean: load_digits().data.mean().
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        assert!((Images::mean(&images.pixels) - 4.884164579855314).abs() < 1e-12);
        assert_eq!(images.pixels[..8], [0, 0, 5, 13, 9, 1, 0, 0], "the first row of the first digit, a zero");
        assert_eq!(images.pixels.iter().max(), Some(&WHITE));
        for (part, count) in [(DigitsPart::Train, 1000), (DigitsPart::Test, 797)] {
            let (images, labels) = Digits::read(part).unwrap();
            assert_eq!((images.count(), labels.len(), images.height, images.width), (count, count, 8, 8));
        }
    }

    #[test]
    fn observations_are_centred_and_span_one() {
        let mut digits = Digits::default();
        digits.load().unwrap();
        let space = digits.sample(&mut crate::stream(0, "digits", &[])).observation_space();
        let Space::Box { low, high, shape } = space else { panic!("images are boxes") };
        assert_eq!(shape, [8, 8]);
        assert!((low[0] + 0.30526).abs() < 1e-5 && (high[0] - low[0] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn nonsense_is_refused() {
        let refused = |digits: Digits| digits.check().unwrap_err();
        assert!(refused(Digits { classes: 11, ..Digits::default() }).contains("10 digits"));
        assert!(refused(Digits { resize: 5000, ..Digits::default() }).contains("`resize`"));
    }
}
