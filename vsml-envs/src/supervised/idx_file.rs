//! Files in the IDX format, in which MNIST and its relatives are distributed.
//!
//! A file is a header of big-endian 32-bit numbers and then one byte for each entry. The first number, called magic, says
//! that the entries are bytes (8) and how many dimensions there are; the sizes of the dimensions follow. A header is not
//! believed: sizes are bounded before anything is kept, bytes are read only as far as there are any, and a file that ends
//! too early or too late is refused.

use std::io::Read;

/// Magic number of images: bytes in three dimensions (image, row, column).
const IMAGES: u32 = 0x0803;
/// Magic number of labels: bytes in one dimension.
const LABELS: u32 = 0x0801;
/// More pixels than this in a file are refused: a gigabyte, five times that of the largest known relative of MNIST.
pub(super) const MAX_PIXELS: u64 = 1 << 30;

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub(super) enum IdxError {
    #[error("`{file}` cannot be read: {source}")]
    Read { file: String, source: std::io::Error },
    #[error("`{file}` ends within its header: an IDX file of {what} begins with {header} bytes of sizes")]
    NoHeader { file: String, what: &'static str, header: usize },
    #[error("`{file}` begins with the magic number {found:#010x}: an IDX file of {what} begins with {expected:#010x}")]
    Magic { file: String, what: &'static str, found: u32, expected: u32 },
    #[error(
        "`{file}` says that it has {count} images of {height} x {width}: at least one pixel and at most {MAX_PIXELS} are read"
    )]
    Size { file: String, count: u32, height: u32, width: u32 },
    #[error("`{file}` is cut: its header promises {expected} bytes and {found} follow")]
    Cut { file: String, expected: u64, found: u64 },
    #[error("`{file}` goes on after the {expected} bytes that its header promises")]
    TooLong { file: String, expected: u64 },
}

/// The images of a file.
#[derive(Clone, Debug)]
pub(super) struct IdxImages {
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// Image by image, row by row.
    pub pixels: Vec<u8>,
}

impl IdxImages {
    /// How many images there are.
    pub fn count(&self) -> usize {
        self.pixels.len() / (self.height * self.width)
    }
}

/// Reads images; `file` is their name in errors.
pub(super) fn read_images(file: &str, mut source: impl Read) -> Result<IdxImages, IdxError> {
    let [count, height, width] = read_header(file, "images", IMAGES, &mut source)?;
    let pixels = u128::from(count) * u128::from(height) * u128::from(width);
    if pixels == 0 || pixels > u128::from(MAX_PIXELS) {
        return Err(IdxError::Size { file: file.into(), count, height, width });
    }
    let pixels = read_bytes(file, pixels as u64, source)?;
    Ok(IdxImages { height: height as usize, width: width as usize, pixels })
}

/// Reads labels; `file` is their name in errors.
pub(super) fn read_labels(file: &str, mut source: impl Read) -> Result<Vec<u8>, IdxError> {
    let [count] = read_header(file, "labels", LABELS, &mut source)?;
    // As many as a 32-bit number can say are no danger: no more is kept than there is.
    read_bytes(file, count.into(), source)
}

fn read_header<const N: usize>(
    file: &str,
    what: &'static str,
    expected: u32,
    source: &mut impl Read,
) -> Result<[u32; N], IdxError> {
    let mut number = || {
        let mut bytes = [0; 4];
        source.read_exact(&mut bytes).map(|()| u32::from_be_bytes(bytes)).map_err(|source| match source.kind() {
            std::io::ErrorKind::UnexpectedEof => IdxError::NoHeader { file: file.into(), what, header: 4 + 4 * N },
            _ => IdxError::Read { file: file.into(), source },
        })
    };
    let found = number()?;
    if found != expected {
        return Err(IdxError::Magic { file: file.into(), what, found, expected });
    }
    let mut sizes = [0; N];
    for size in &mut sizes {
        *size = number()?;
    }
    Ok(sizes)
}

/// Reads all that is left, which must be `expected` bytes.
fn read_bytes(file: &str, expected: u64, source: impl Read) -> Result<Vec<u8>, IdxError> {
    let mut bytes = Vec::new();
    source.take(expected + 1).read_to_end(&mut bytes).map_err(|source| IdxError::Read { file: file.into(), source })?;
    let found = bytes.len() as u64;
    if found < expected {
        Err(IdxError::Cut { file: file.into(), expected, found })
    } else if found > expected {
        Err(IdxError::TooLong { file: file.into(), expected })
    } else {
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(magic: u32, sizes: &[u32], bytes: usize) -> Vec<u8> {
        let mut file: Vec<u8> = [magic].iter().chain(sizes).flat_map(|number| number.to_be_bytes()).collect();
        file.extend((0..bytes).map(|i| i as u8));
        file
    }

    #[test]
    fn images_and_labels_are_read() {
        let images = read_images("i", &file(IMAGES, &[2, 3, 4], 24)[..]).unwrap();
        assert_eq!((images.count(), images.height, images.width), (2, 3, 4));
        assert_eq!(images.pixels, (0..24).collect::<Vec<u8>>());
        assert_eq!(read_labels("l", &file(LABELS, &[3], 3)[..]).unwrap(), [0, 1, 2]);
    }

    #[test]
    fn every_cut_is_noticed() {
        let whole = file(IMAGES, &[2, 3, 4], 24);
        for length in 0..whole.len() {
            let error = read_images("name", &whole[..length]).unwrap_err().to_string();
            let expected = if length < 16 { "within its header" } else { "24 bytes" };
            assert!(error.contains("`name`") && error.contains(expected), "{length}: {error}");
        }
        let error = read_images("name", &file(IMAGES, &[2, 3, 4], 25)[..]).unwrap_err().to_string();
        assert!(error.contains("goes on after"), "{error}");
    }

    #[test]
    fn what_is_not_such_a_file_says_what_it_should_be() {
        let error = read_images("name", &file(LABELS, &[3], 30)[..]).unwrap_err().to_string();
        assert!(error.contains("0x00000801") && error.contains("images begins with 0x00000803"), "{error}");
        let error = read_labels("name", &b"\x89PNG\r\n"[..]).unwrap_err().to_string();
        assert!(error.contains("0x89504e47"), "{error}");
    }

    #[test]
    fn sizes_are_bounded_before_they_are_believed() {
        for sizes in [[u32::MAX; 3], [0, 28, 28], [1, 0, 1], [1 << 11, 1 << 10, 1 << 10]] {
            let error = read_images("name", &file(IMAGES, &sizes, 8)[..]).unwrap_err();
            assert!(matches!(error, IdxError::Size { .. }), "{error}");
        }
        let error = read_labels("name", &file(LABELS, &[u32::MAX], 8)[..]).unwrap_err();
        assert!(matches!(error, IdxError::Cut { expected: 4294967295, found: 8, .. }), "{error}");
    }
}
