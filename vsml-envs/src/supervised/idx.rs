//! Any folder of images in the format of MNIST.

use super::idx_file::{IdxError, IdxImages, read_images, read_labels};
use super::images::{self, Images};
use crate::registry::Family;
use crate::{Environment, Rng, TaskDistribution};
use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Which of the images there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdxPart {
    /// Those of the files called `train`.
    #[default]
    Train,
    /// Those of the files called `t10k` or `test`.
    Test,
}

impl IdxPart {
    /// What its files are called.
    fn names(self) -> &'static [&'static str] {
        match self {
            IdxPart::Train => &["train"],
            IdxPart::Test => &["t10k", "test"],
        }
    }
}

/// Images from a folder: `Idx-v0`.
///
/// # Description
/// The images of any folder with the files that MNIST (LeCun, Cortes and Burges), Fashion-MNIST (Xiao et al. 2017,
/// arXiv 1708.07747), KMNIST (Clanuwat et al. 2018, arXiv 1812.01718) and EMNIST (Cohen et al. 2017, arXiv 1702.05373) are
/// distributed as: `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, `t10k-...` or `test-...` for the test part,
/// with or without `.gz`, with or without a prefix as in `emnist-letters-train-images-idx3-ubyte.gz`. Nothing is
/// downloaded. The files are read once, when the id is made.
///
/// # Action space
/// `Discrete(k)`, with `k` the number of classes that there are, or as many as `classes` says: the guess.
///
/// # Observation space
/// `Box(-m, 1 - m, [height, width])`: `pixel / 255 - m` of pixels from 0 to 255, where `m` is the average of all of the
/// part's images. MNIST's `m` is 0.131. EMNIST's images lie on their side, and are shown so.
///
/// # Rewards
/// 1 if the guess is right, otherwise 0; the target tells the class.
///
/// # Starting state
/// Any image. Examples come in a random order without replacement, and in another one when all have come.
///
/// # Episode end
/// Never. Lifetimes are counted in steps, 500 by default.
///
/// # Arguments
/// `path` (must be given), `part` (`train`), `prefix` (none), `classes` (0), `resize` (0): the fields below. A path with a
/// comma cannot be written in an id.
///
/// # Differences from the source
/// Scaled as said. Label values that do not occur are closed up: EMNIST's letters, 1 to 26, are classes 0 to 25.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Idx {
    /// The folder.
    pub path: String,
    /// Which of the images there are.
    pub part: IdxPart,
    /// What comes before `-train-images-idx3-ubyte` in the files' names, as in `emnist-letters`. Only needed where the
    /// folder holds several data sets.
    pub prefix: String,
    /// How many classes a task keeps: it draws which, and in which order they are named. 0 keeps all, each under its own
    /// name.
    pub classes: usize,
    /// Pixels in a row and in a column after resizing; 0 leaves as many as there are.
    pub resize: usize,
    /// The images, once loaded.
    #[serde(skip)]
    images: Option<Arc<Images>>,
}

impl Idx {
    /// The files of this part whose names end in `ending`, by prefix (empty or with its last dash). Of a file that is there
    /// with and without `.gz`, the one without.
    fn files(&self, names: &[String], ending: &str) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        for name in names {
            let plain = name.strip_suffix(".gz").unwrap_or(name);
            for part in self.part.names() {
                let Some(prefix) = plain.strip_suffix(ending).and_then(|rest| rest.strip_suffix(part)) else {
                    continue;
                };
                let wanted = self.prefix.is_empty() || prefix.strip_suffix('-') == Some(&self.prefix);
                if wanted
                    && (prefix.is_empty() || prefix.ends_with('-'))
                    && (plain == name || !files.contains_key(prefix))
                {
                    files.insert(prefix.to_string(), name.clone());
                }
            }
        }
        files
    }

    /// The two files to read: images and labels.
    fn find(&self) -> Result<[PathBuf; 2], String> {
        const ENDINGS: [&str; 2] = ["-images-idx3-ubyte", "-labels-idx1-ubyte"];
        let folder = Path::new(&self.path);
        let unreadable = |error| format!("`path` is `{}`: the folder cannot be read: {error}", self.path);
        let mut names = Vec::new();
        for entry in folder.read_dir().map_err(unreadable)? {
            names.extend(entry.map_err(unreadable)?.file_name().into_string());
        }
        // The order of a folder is the file system's.
        names.sort();
        let part = self.part.names().join("` or `");
        let dash = if self.prefix.is_empty() { "" } else { "-" };
        let prefix = format!("{}{dash}", self.prefix);
        let missing = |prefix: &str, ending: &str| {
            format!(
                "the folder `{}` lacks `{prefix}PART{ending}` (or the same with `.gz`), where PART is `{part}`",
                self.path
            )
        };
        let images = self.files(&names, ENDINGS[0]);
        let prefix = match images.len() {
            0 => return Err(missing(&prefix, ENDINGS[0])),
            _ if images.contains_key("") => "",
            1 => images.keys().next().map_or("", String::as_str),
            _ => {
                let prefixes: Vec<&str> = images.keys().map(|prefix| prefix.trim_end_matches('-')).collect();
                let prefixes = prefixes.join("`, `");
                return Err(format!(
                    "the folder `{}` holds several data sets: give `prefix` as one of `{prefixes}`",
                    self.path
                ));
            }
        };
        let labels = self.files(&names, ENDINGS[1]);
        let labels = labels.get(prefix).ok_or_else(|| missing(prefix, ENDINGS[1]))?;
        Ok([folder.join(&images[prefix]), folder.join(labels)])
    }

    /// Images and labels, as they are in the files.
    fn read(&self) -> Result<(IdxImages, Vec<u8>), String> {
        let [image_file, label_file] = self.find()?;
        let (image_name, label_name) = (image_file.display().to_string(), label_file.display().to_string());
        let say = |error: IdxError| error.to_string();
        let images = read_images(&image_name, open(&image_file).map_err(say)?).map_err(say)?;
        let labels = read_labels(&label_name, open(&label_file).map_err(say)?).map_err(say)?;
        if images.count() != labels.len() {
            let (count, labels) = (images.count(), labels.len());
            return Err(format!(
                "`{image_name}` has {count} images and `{label_name}` {labels} labels: as many are expected"
            ));
        }
        Ok((images, labels))
    }
}

/// Opens a file, unpacking it if its name ends in `.gz`.
fn open(path: &Path) -> Result<Box<dyn Read>, IdxError> {
    let file = File::open(path).map_err(|source| IdxError::Read { file: path.display().to_string(), source })?;
    let file = BufReader::new(file);
    let packed = path.extension().is_some_and(|extension| extension == "gz");
    Ok(if packed { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) })
}

impl TaskDistribution for Idx {
    /// # Panics
    /// If [`Family::load`] has not been called; the registry does.
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        match &self.images {
            Some(images) => images.task(self.classes, rng),
            None => panic!("the images must be loaded (`Family::load`) before a task is drawn"),
        }
    }
}

impl Family for Idx {
    fn check(&self) -> Result<(), String> {
        images::check(self.resize, self.classes)
    }

    fn load(&mut self) -> Result<(), String> {
        if self.path.is_empty() {
            return Err(
                "`path` must be given: a folder with `train-images-idx3-ubyte` and so on, as MNIST comes".into()
            );
        }
        let (images, labels) = self.read()?;
        let mean = Images::mean(&images.pixels);
        let images = Images::new(images, &labels, 255, mean);
        if self.classes > images.classes() {
            return Err(format!(
                "`classes` is {}: the images in `{}` are of {}",
                self.classes,
                self.path,
                images.classes()
            ));
        }
        self.images = Some(Arc::new(images.resized(self.resize)?));
        Ok(())
    }
}
