//! Files of meta-parameters, of whatever kind of learner.
//!
//! A VSML learner's is that of [`vsml_core::Theta`]: every array under its own name, the sub-RNN's configuration inside, the
//! learner's in its origin. That of any other kind is an archive with one array, `theta`, and the learner's whole
//! configuration in the description. Either way a file says what it is, and nothing else is needed to let it live.

use super::LearnerConfig;
use crate::learner::Unable;
use serde_json::{Value, json};
use std::path::Path;
use vsml_core::{Archive, Error, Kernel, Theta};

/// A meta-trained learner, as it lies in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// What learner they belong to.
    pub learner: LearnerConfig,
    /// The meta-parameters.
    pub values: Vec<f32>,
    /// Where they come from; anything that JSON can say. Its entry `learner` is overwritten.
    pub origin: Value,
}

impl Weights {
    /// Writes them durably, as safetensors.
    ///
    /// ```
    /// use vsml_agents::{FeedForwardConfig, LearnerConfig, Weights};
    ///
    /// let config = FeedForwardConfig { hidden_size: 1, observations: 1, actions: 2 };
    /// let learner = LearnerConfig::FeedForward(config);
    /// let weights = Weights { learner, values: vec![0.5; 6], origin: serde_json::json!({ "seed": 1 }) };
    /// let path = std::env::temp_dir().join("weights-example.safetensors");
    /// weights.save(&path)?;
    /// assert_eq!(Weights::load(&path)?.values, [0.5; 6]);
    /// # std::fs::remove_file(path).ok();
    /// # Ok::<(), vsml_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Meta-parameters that do not fit the learner; what the system says.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let refuse = |reason: Unable| Error::File { path: path.into(), reason: reason.0 };
        self.check().map_err(refuse)?;
        let mut origin = self.origin.clone();
        if let Some(origin) = origin.as_object_mut() {
            origin.insert("learner".into(), json!(self.learner));
        }
        if let LearnerConfig::Vsml(config) = &self.learner {
            let config = config.sub_rnn().map_err(refuse)?;
            return Theta { config, values: self.values.clone(), origin }.save(path);
        }
        let mut archive = Archive { description: json!({ "origin": origin }), ..Archive::default() };
        archive.insert_vector("theta", &self.values);
        archive.save(path)
    }

    /// Reads them, and checks that they are whole and fit their learner.
    ///
    /// # Errors
    /// As [`Archive::load`] and [`Theta::load`]; if the file does not say what learner it is of, or not one that there is.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let refuse = |reason: String| Error::File { path: path.into(), reason };
        let archive = Archive::load(path)?;
        let learner: LearnerConfig = serde_json::from_value(archive.description["origin"]["learner"].clone())
            .map_err(|error| refuse(format!("it does not say what learner its meta-parameters belong to: {error}")))?;
        let values = if let LearnerConfig::Vsml(config) = &learner {
            let theta = Theta::load(path)?;
            if config.sub_rnn().map_err(|reason| refuse(reason.0))? != theta.config {
                return Err(refuse("the learner in the file has another sub-RNN than the file".into()));
            }
            theta.values
        } else {
            match archive.arrays.first_key_value() {
                Some((name, (_, values))) if name == "theta" && archive.arrays.len() == 1 => values.clone(),
                _ => return Err(refuse("there must be one array in it, `theta`".into())),
            }
        };
        let weights = Weights { learner, values, origin: archive.description["origin"].clone() };
        weights.check().map_err(|reason| refuse(reason.0))?;
        Ok(weights)
    }

    /// A hash of the learner and its meta-parameters: 16 hexadecimal digits, equal for what behaves equally.
    pub fn fingerprint(&self) -> String {
        let mut archive = Archive { description: json!(self.learner), ..Archive::default() };
        archive.insert_vector("theta", &self.values);
        archive.checksum()[..16].into()
    }

    /// Whether the meta-parameters fit the learner and are numbers.
    fn check(&self) -> Result<(), Unable> {
        let count = self.learner.meta_learner(Kernel::Scalar)?.parameter_count();
        if self.values.len() != count {
            let (name, found) = (self.learner.name(), self.values.len());
            return Err(Unable(format!("this {name} learner has {count} meta-parameters, {found} were given")));
        }
        match self.values.iter().find(|x| !x.is_finite()) {
            Some(bad) => Err(Unable(format!("a meta-parameter is {bad}: all must be finite"))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FeedForwardConfig, HebbianConfig};
    use super::*;
    use crate::vsml::VsmlConfig;
    use vsml_envs::stream;

    fn weights(learner: LearnerConfig) -> Weights {
        let values = learner.meta_learner(Kernel::Scalar).unwrap().initialise(&mut stream(1, "theta", &[]));
        let origin = json!({ "learner": learner, "seed": 1 });
        Weights { learner, values, origin }
    }

    fn path(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("vsml-weights-{}-{name}.safetensors", std::process::id()))
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let path = path("same");
        let fixed = FeedForwardConfig { hidden_size: 3, observations: 2, actions: 2 };
        for learner in [
            LearnerConfig::Vsml(VsmlConfig::default()),
            LearnerConfig::FeedForward(fixed),
            LearnerConfig::Hebbian(HebbianConfig { shared: true, ..HebbianConfig::default() }),
        ] {
            let weights = weights(learner);
            weights.save(&path).unwrap();
            assert_eq!(Weights::load(&path).unwrap(), weights);
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_vsml_file_is_a_theta_file() {
        let path = path("theta");
        let weights = weights(LearnerConfig::Vsml(VsmlConfig::default()));
        weights.save(&path).unwrap();
        let theta = Theta::load(&path).unwrap();
        assert_eq!((&theta.values, &theta.origin), (&weights.values, &weights.origin));
        Theta { origin: json!({}), ..theta }.save(&path).unwrap();
        let message = Weights::load(&path).unwrap_err().to_string();
        assert!(message.contains("what learner"), "{message}");
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let path = path("unfit");
        let fixed = FeedForwardConfig { hidden_size: 3, observations: 2, actions: 2 };
        let load = |change: &dyn Fn(&mut Archive)| {
            weights(LearnerConfig::FeedForward(fixed.clone())).save(&path).unwrap();
            let mut archive = Archive::load(&path).unwrap();
            change(&mut archive);
            archive.save(&path).unwrap();
            Weights::load(&path).unwrap_err().to_string()
        };
        for (message, expected) in [
            (load(&|a| a.insert_vector("theta", &[1.0])), "17 meta-parameters, 1 were given"),
            (load(&|a| a.insert_vector("theta", &[f32::NAN; 17])), "finite"),
            (load(&|a| a.insert_vector("extra", &[1.0])), "one array"),
            (load(&|a| a.description["origin"]["learner"]["kind"] = json!("oracle")), "oracle"),
            (load(&|a| a.description["origin"]["learner"]["hidden_size"] = json!(0)), "hidden_size is 0"),
        ] {
            assert!(message.contains(expected), "{message}");
        }
        let mut unfit = weights(LearnerConfig::FeedForward(fixed));
        unfit.values.pop();
        assert!(unfit.save(&path).is_err());
        std::fs::remove_file(path).unwrap();
    }
}
