//! `Idx-v0` on folders as data sets come in, and as they should not.

#![allow(clippy::unwrap_used)]

use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use tempfile::TempDir;
use vsml_envs::{Action, LifetimeKey, Registry, Split};

/// A file of one-dimensional labels, or of images of `sizes`.
fn file(magic: u32, sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
    let header = [magic].into_iter().chain(sizes.iter().copied());
    header.flat_map(u32::to_be_bytes).chain(bytes.iter().copied()).collect()
}

/// Six images of 2 x 3 pixels that are all `label`, for the labels 1 to 6, which are shifted by `first`.
fn images() -> Vec<u8> {
    file(0x803, &[6, 2, 3], &(1..=6).flat_map(|label| [label * 40; 6]).collect::<Vec<u8>>())
}

fn labels(first: u8) -> Vec<u8> {
    file(0x801, &[6], &(0..6).map(|i| first + i).collect::<Vec<u8>>())
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn folder(files: &[(&str, Vec<u8>)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn spec(folder: &Path, parameters: &str) -> String {
    format!("Idx-v0:path={}{parameters}", folder.display())
}

/// The label of every image, by its first pixel.
fn seen(folder: &Path, parameters: &str) -> BTreeMap<u8, usize> {
    let tasks = Registry::builtin().make(&spec(folder, parameters)).unwrap();
    let key = LifetimeKey { seed: 0, split: Split::Test, generation: 0, member: 0, lifetime: 0 };
    let mut life = tasks.begin(&key).unwrap();
    let mut seen = BTreeMap::new();
    while !life.is_over() {
        // The average of 40 to 240 is 140.
        let pixel = (life.percept().observation[0] * 255.0 + 140.0).round() as u8;
        let target = life.step(Action::Discrete(0)).unwrap().target.unwrap();
        assert_eq!(*seen.entry(pixel).or_insert(target), target);
    }
    seen
}

/// That making the id is refused with all of `words`.
fn refused(folder: &Path, parameters: &str, words: &[&str]) {
    let message = match Registry::builtin().make(&spec(folder, parameters)) {
        Err(error) => error.to_string(),
        Ok(tasks) => panic!("{tasks:?} was made"),
    };
    assert!(words.iter().all(|word| message.contains(word)), "refused with: {message}");
}

const IMAGES: &str = "train-images-idx3-ubyte";
const LABELS: &str = "train-labels-idx1-ubyte";

#[test]
fn folders_are_read_as_data_sets_come() {
    let expected: BTreeMap<u8, usize> = (0..6).map(|i| (40 * (i + 1), usize::from(i))).collect();
    let mnist = folder(&[
        (IMAGES, images()),
        (LABELS, labels(0)),
        ("t10k-images-idx3-ubyte.gz", packed(&images())),
        ("t10k-labels-idx1-ubyte.gz", packed(&labels(0))),
        ("README", b"nothing".to_vec()),
    ]);
    assert_eq!(seen(mnist.path(), ""), expected);
    assert_eq!(seen(mnist.path(), ",part=test"), expected);

    let emnist = folder(&[
        ("emnist-letters-train-images-idx3-ubyte.gz", packed(&images())),
        ("emnist-letters-train-labels-idx1-ubyte", labels(1)),
        ("emnist-letters-test-images-idx3-ubyte", images()),
        ("emnist-letters-test-labels-idx1-ubyte", labels(1)),
    ]);
    assert_eq!(seen(emnist.path(), ""), expected, "labels from 1 are closed up");
    assert_eq!(seen(emnist.path(), ",part=test,prefix=emnist-letters"), expected);
}

#[test]
fn some_classes_are_drawn_and_renamed_and_images_resized() {
    let folder = folder(&[(IMAGES, images()), (LABELS, labels(0))]);
    let names: Vec<usize> = seen(folder.path(), ",classes=3,resize=5").into_values().collect();
    assert_eq!(names.len(), 3);
    assert!((0..3).all(|name| names.contains(&name)), "{names:?}");
    refused(folder.path(), ",classes=7", &["`classes` is 7", "of 6"]);
}

#[test]
fn one_of_several_data_sets_must_be_named() {
    let files = ["a", "b"].map(|prefix| {
        [(format!("{prefix}-{IMAGES}"), images()), (format!("{prefix}-{LABELS}"), labels(prefix.as_bytes()[0]))]
    });
    let files: Vec<(&str, Vec<u8>)> = files.iter().flatten().map(|(name, bytes)| (&name[..], bytes.clone())).collect();
    let folder = folder(&files);
    refused(folder.path(), "", &["several data sets", "`a`, `b`"]);
    refused(folder.path(), ",prefix=c", &["lacks `c-PART-images", "PART is `train`"]);
    assert_eq!(seen(folder.path(), ",prefix=b").len(), 6);
}

#[test]
fn what_is_wrong_with_a_folder_is_said_by_name() {
    let absent = Path::new("/nowhere/at/all");
    refused(absent, "", &["/nowhere/at/all", "cannot be read"]);
    assert!(Registry::builtin().make("Idx-v0").unwrap_err().to_string().contains("`path` must be given"));
    refused(folder(&[]).path(), "", &["lacks", "images-idx3-ubyte", "`train`"]);
    refused(folder(&[]).path(), ",part=test", &["`t10k` or `test`"]);
    refused(folder(&[(IMAGES, images())]).path(), "", &["lacks", "labels-idx1-ubyte"]);
    let wrong = |images: Vec<u8>, labels: Vec<u8>, words: &[&str]| {
        refused(folder(&[(IMAGES, images), (LABELS, labels)]).path(), "", words);
    };
    wrong(labels(0), labels(0), &[IMAGES, "0x00000801", "0x00000803"]);
    wrong(images(), images(), &[LABELS, "0x00000803", "0x00000801"]);
    wrong(images()[..50].to_vec(), labels(0), &[IMAGES, "is cut", "36 bytes", "34 follow"]);
    wrong(images(), labels(0)[..6].to_vec(), &[LABELS, "within its header"]);
    wrong(images(), file(0x801, &[5], &[0; 5]), &["6 images", "5 labels"]);
    wrong(file(0x803, &[u32::MAX; 3], &[]), labels(0), &[IMAGES, "4294967295 images of 4294967295 x 4294967295"]);
    let gz = format!("{IMAGES}.gz");
    refused(folder(&[(&gz, b"not packed".to_vec()), (LABELS, labels(0))]).path(), "", &[&gz, "cannot be read"]);
    let whole = packed(&images());
    let cut = whole[..whole.len() - 12].to_vec();
    refused(folder(&[(&gz, cut), (LABELS, labels(0))]).path(), "", &[&gz]);
}
