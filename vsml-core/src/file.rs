//! Files: meta-parameters, and whatever else is arrays with a description, as safetensors.
//!
//! A file comes from outside and is data: its size and its header are bounded before anything is allocated, a checksum
//! over names, shapes, numbers and description finds what was cut short or flipped, and everything in it is compared with
//! what it should be. Writing goes to a temporary file that replaces the old one only when it is safely on disk, so that
//! whatever happens there is either the old file or the new one.
//!
//! All metadata is one JSON string with sorted keys: safetensors keeps its metadata in a hash map, and two entries would
//! make two files of equal content differ.

use crate::{Error, Layout, SubRnnConfig};
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

/// Version of the format; a file of a newer one is refused.
const FORMAT_VERSION: u64 = 1;
/// Larger files are refused unread.
pub const MAX_FILE_BYTES: u64 = 1 << 28;
/// Files with a longer header are refused: a legal one of 65 MB has been seen to cost 890 MB of memory.
pub const MAX_HEADER_BYTES: u64 = 1 << 20;

/// Named arrays of `f32` with a description.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Archive {
    /// Name to shape and numbers, row-major.
    pub arrays: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    /// Anything that JSON can say.
    pub description: Value,
}

impl Archive {
    /// Adds an array of one dimension.
    pub fn insert_vector(&mut self, name: &str, values: &[f32]) {
        self.arrays.insert(name.into(), (vec![values.len()], values.to_vec()));
    }

    /// The content's hash, over names, shapes, the bits of all numbers, and the description.
    pub fn checksum(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for (name, (shape, values)) in &self.arrays {
            hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
            hasher.update(&(shape.len() as u64).to_le_bytes());
            for &size in shape {
                hasher.update(&(size as u64).to_le_bytes());
            }
            hasher.update(&bytes(values));
        }
        hasher.update(self.description.to_string().as_bytes());
        hasher.finalize().to_hex().to_string()
    }

    /// Writes the archive durably, replacing `path` in one step.
    ///
    /// # Errors
    /// An archive so large that [`Archive::load`] would refuse it; what the system says, with the path. There is then the old
    /// file or the new one, whole.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let refuse = |reason: String| Error::File { path: path.into(), reason };
        let data: BTreeMap<&String, Vec<u8>> = self.arrays.iter().map(|(name, (_, v))| (name, bytes(v))).collect();
        let mut views = Vec::new();
        for (name, (shape, _)) in &self.arrays {
            let view = TensorView::new(Dtype::F32, shape.clone(), &data[name])
                .map_err(|error| refuse(format!("array `{name}` of shape {shape:?}: {error}")))?;
            views.push((name.as_str(), view));
        }
        let metadata = json!({
            "format_version": FORMAT_VERSION,
            "checksum": self.checksum(),
            "description": self.description,
        });
        let metadata = HashMap::from([("vsml".to_string(), metadata.to_string())]);
        let content = serialize(views, Some(metadata)).map_err(|error| refuse(error.to_string()))?;
        let header = content.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        for (what, size, most) in
            [("file", content.len() as u64, MAX_FILE_BYTES), ("description in it", header, MAX_HEADER_BYTES)]
        {
            if size > most {
                return Err(refuse(format!(
                    "the {what} would have {size} bytes, and more than {most} are not read again"
                )));
            }
        }
        write_durably(path, &content)
    }

    /// Reads an archive and checks all of it.
    ///
    /// # Errors
    /// A file that cannot be read, is too large, is not of this format or of a newer version of it, or whose content
    /// does not have the checksum that it says.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let io = |source| Error::Io { path: path.into(), source };
        let refuse = |reason: &str| Error::File { path: path.into(), reason: reason.into() };

        let file = File::open(path).map_err(io)?;
        let size = file.metadata().map_err(io)?.len();
        if size > MAX_FILE_BYTES {
            return Err(refuse(&format!("{size} bytes are more than the {MAX_FILE_BYTES} that are read")));
        }
        let mut content = Vec::new();
        file.take(MAX_FILE_BYTES).read_to_end(&mut content).map_err(io)?;
        let header = content.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes));
        match header {
            None => return Err(refuse("the file is cut short: not even its length field is there")),
            Some(header) if header > MAX_HEADER_BYTES => {
                return Err(refuse("this is not a vsml file: its header would be longer than 1 MiB"));
            }
            Some(_) => {}
        }
        let (_, header) = SafeTensors::read_metadata(&content)
            .map_err(|error| refuse(&format!("not a whole safetensors file, perhaps cut short ({error})")))?;
        let metadata: Value = header
            .metadata()
            .as_ref()
            .and_then(|entries| entries.get("vsml"))
            .and_then(|text| serde_json::from_str(text).ok())
            .ok_or_else(|| refuse("a safetensors file, but not one of vsml's: it has no `vsml` metadata"))?;
        match metadata["format_version"].as_u64() {
            Some(FORMAT_VERSION) => {}
            Some(version) => {
                return Err(refuse(&format!(
                    "the file has format version {version}, this program reads version {FORMAT_VERSION}"
                )));
            }
            None => return Err(refuse("the file does not say its format version")),
        }

        let tensors = SafeTensors::deserialize(&content)
            .map_err(|error| refuse(&format!("not a whole safetensors file, perhaps cut short ({error})")))?;
        let mut archive = Archive { arrays: BTreeMap::new(), description: metadata["description"].clone() };
        for (name, view) in tensors.iter() {
            if view.dtype() != Dtype::F32 {
                return Err(refuse(&format!("array `{name}` is {:?}, not F32", view.dtype())));
            }
            let values = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            archive.arrays.insert(name.into(), (view.shape().to_vec(), values));
        }
        if metadata["checksum"].as_str() != Some(archive.checksum().as_str()) {
            return Err(refuse("the content does not have the checksum that it says: the file was damaged"));
        }
        Ok(archive)
    }
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// Replaces `path` by `content` in one step that survives a power cut: a temporary file in the same folder is written,
/// synced and renamed, then, where the system can do that, the folder is synced.
///
/// # Errors
/// What the system says, with the path. There is then the old file or the new one, whole.
pub fn write_durably(path: &Path, content: &[u8]) -> Result<(), Error> {
    let io = |source| Error::Io { path: path.into(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".writing-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any other new file, not for the owner alone as temporary files are: the umask has the last word.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut temporary = builder.tempfile_in(folder).map_err(io)?;
    temporary.write_all(content).map_err(io)?;
    temporary.as_file().sync_all().map_err(io)?;
    temporary.persist(path).map_err(|error| io(error.error))?;
    #[cfg(unix)]
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
    Ok(())
}

/// Meta-parameters as they lie in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Theta {
    /// The configuration they belong to.
    pub config: SubRnnConfig,
    /// The flat vector.
    pub values: Vec<f32>,
    /// Where they come from; anything that JSON can say.
    pub origin: Value,
}

impl Theta {
    /// Writes them as safetensors, every array under its own name, with the configuration inside.
    ///
    /// ```
    /// use vsml_core::{Layout, SubRnnConfig, Theta};
    ///
    /// let config = SubRnnConfig::symla();
    /// let theta = Theta { values: vec![0.0; Layout::new(&config).len()], config, origin: "an example".into() };
    /// let path = std::env::temp_dir().join("theta-example.safetensors");
    /// theta.save(&path)?;
    /// assert_eq!(Theta::load(&path)?, theta);
    /// # std::fs::remove_file(path).ok();
    /// # Ok::<(), vsml_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// A configuration that makes no sense, a vector that does not fit it or holds a number that is not finite; what the
    /// system says.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        self.config.check()?;
        let layout = Layout::new(&self.config);
        if self.values.len() != layout.len() {
            return Err(Error::ParameterCount { expected: layout.len(), found: self.values.len() });
        }
        if let Some(place) = self.values.iter().position(|x| !x.is_finite()) {
            let reason = format!("meta-parameter {place} is {}, which is not read again", self.values[place]);
            return Err(Error::File { path: path.into(), reason });
        }
        let arrays = layout
            .parameters()
            .iter()
            .map(|p| (p.name.to_string(), (p.shape.clone(), self.values[p.range.clone()].to_vec())))
            .collect();
        Archive { arrays, description: json!({ "sub_rnn": self.config, "origin": self.origin }) }.save(path)
    }

    /// Reads them, and checks that every array is there, has its shape, and holds finite numbers.
    ///
    /// # Errors
    /// As [`Archive::load`], and names the array that does not fit.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let refuse = |reason: String| Error::File { path: path.into(), reason };
        let archive = Archive::load(path)?;
        let config: SubRnnConfig = serde_json::from_value(archive.description["sub_rnn"].clone())
            .map_err(|error| refuse(format!("the sub-RNN configuration inside: {error}")))?;
        config.check()?;
        let layout = Layout::new(&config);
        let mut values = vec![0.0; layout.len()];
        for parameter in layout.parameters() {
            let (shape, array) = archive
                .arrays
                .get(&parameter.name)
                .ok_or_else(|| refuse(format!("there is no array `{}`", parameter.name)))?;
            if *shape != parameter.shape {
                return Err(refuse(format!(
                    "array `{}` has shape {shape:?}, its configuration asks for {:?}",
                    parameter.name, parameter.shape
                )));
            }
            if array.iter().any(|x| !x.is_finite()) {
                return Err(refuse(format!("array `{}` holds a number that is not finite", parameter.name)));
            }
            values[parameter.range.clone()].copy_from_slice(array);
        }
        if let Some(name) = archive.arrays.keys().find(|name| layout.range(name).is_none()) {
            return Err(refuse(format!("array `{name}` has no place in this sub-RNN")));
        }
        Ok(Theta { config, values, origin: archive.description["origin"].clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn theta() -> Theta {
        let config = SubRnnConfig { hidden_size: 3, message_size: 2, ..SubRnnConfig::vsml() };
        let values = (0..Layout::new(&config).len()).map(|i| i as f32 * 0.01 - 0.3).collect();
        Theta { config, values, origin: json!({"b": 1, "a": [2.5, "x"]}) }
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("theta.safetensors");
        theta().save(&path).unwrap();
        assert_eq!(Theta::load(&path).unwrap(), theta());
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(Theta::load(&path).is_err(), "cut to {length} bytes");
        }
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, &flipped).unwrap();
            // A flipped bit may change how a character of the header is written, but never what was meant by it.
            if let Ok(loaded) = Theta::load(&path) {
                assert_eq!(loaded, theta(), "bit {bit}");
            }
        }
    }

    #[test]
    fn equal_content_makes_equal_files() {
        let folder = tempfile::tempdir().unwrap();
        let files: Vec<Vec<u8>> = (0..20)
            .map(|i| {
                let path = folder.path().join(format!("{i}.safetensors"));
                theta().save(&path).unwrap();
                std::fs::read(path).unwrap()
            })
            .collect();
        assert!(files.iter().all(|file| *file == files[0]));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("theta.safetensors");
        let load = |change: &dyn Fn(&mut Archive)| {
            theta().save(&path).unwrap();
            let mut archive = Archive::load(&path).unwrap();
            change(&mut archive);
            archive.save(&path).unwrap();
            Theta::load(&path).unwrap_err().to_string()
        };
        assert!(load(&|a| drop(a.arrays.remove("lstm.bias"))).contains("no array `lstm.bias`"));
        assert!(load(&|a| a.insert_vector("extra", &[1.0])).contains("`extra` has no place"));
        assert!(load(&|a| a.insert_vector("lstm.bias", &[1.0])).contains("shape [1]"));
        assert!(load(&|a| a.insert_vector("lstm.bias", &[f32::NAN; 12])).contains("not finite"));
        assert!(load(&|a| a.description = json!({})).contains("configuration"));
        assert!(Theta::load(&folder.path().join("absent")).unwrap_err().to_string().contains("absent"));
    }

    #[test]
    fn a_file_of_another_version_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("theta.safetensors");
        theta().save(&path).unwrap();
        let mut content = std::fs::read(&path).unwrap();
        let version = b"\\\"format_version\\\":1";
        let place = content.windows(version.len()).position(|part| part == version).unwrap();
        content[place + version.len() - 1] = b'9';
        std::fs::write(&path, content).unwrap();
        let message = Theta::load(&path).unwrap_err().to_string();
        assert!(message.contains("format version 9, this program reads version 1"), "{message}");
    }

    #[test]
    fn a_header_that_lies_about_its_length_is_refused_before_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, u64::MAX.to_le_bytes()).unwrap();
        assert!(Archive::load(&path).unwrap_err().to_string().contains("1 MiB"));
    }
}
