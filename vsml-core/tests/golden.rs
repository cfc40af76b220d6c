//! Against the original implementation: parameters, initial states, inputs, outputs, losses and gradients of seven
//! configurations (`golden/`), by every kernel and by candle's graph.
//!
//! Where the environment variable `VSML_GOLDEN` names a folder, its files are read instead.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use candle_core::{D, Device, Tensor, Var};
use serde_json::Value;
use std::path::PathBuf;
use vsml_core::{
    BackwardPass, Convolution, Drive, Feedback, Kernel, LayerShape, Layout, Segment, State, SubRnnConfig, Topology,
};

struct Golden {
    name: String,
    file: Value,
    config: SubRnnConfig,
    segment: Segment,
}

impl Golden {
    fn read(path: &PathBuf) -> Self {
        let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let size = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{value} in {}", path.display())) as usize;
        let is = |name: &str| file[name].as_bool().unwrap();
        let config = SubRnnConfig {
            hidden_size: size(&file["hidden_size"]),
            message_size: size(&file["message_size"]),
            micro_ticks: size(&file["micro_ticks"]),
            layer_norm: is("layer_norm"),
            backward_pass: if is("backward_pass") { BackwardPass::Same } else { BackwardPass::None },
            output_bound: Some(file["tanh_bound"].as_f64().unwrap() as f32),
            output_component: size(&file["output_message_index"]),
            ..SubRnnConfig::vsml()
        };
        let mut image: Vec<usize> = file["in_shape"].as_array().unwrap().iter().map(size).collect();
        let mut layers = Vec::new();
        for layer in file["layers"].as_array().unwrap() {
            layers.push(if layer["type"] == "conv" {
                let c = Convolution {
                    height: image[0],
                    width: image[1],
                    in_channels: image[2],
                    kernel: size(&layer["kernel_size"]),
                    stride: size(&layer["stride"]),
                    out_channels: size(&layer["out_channels"]),
                };
                image = vec![c.out_height(), c.out_width(), c.out_channels];
                LayerShape::Convolution(c)
            } else {
                let inputs = image.iter().product();
                let outputs = layer.get("out_size").map_or(size(&file["n_out"]), size);
                image = vec![outputs];
                LayerShape::Dense { inputs, outputs }
            });
        }
        let drive = Drive::Supervised {
            feedback: Feedback::CrossEntropy,
            feed_label: is("feed_label"),
            steps: size(&file["steps"]),
        };
        let segment = Segment { topology: Topology::new(&layers).unwrap(), batch: size(&file["batch"]), drive };
        Golden { name: file["name"].as_str().unwrap().to_string(), config, segment, file }
    }

    fn numbers(&self, name: &str) -> Vec<f32> {
        let data = self.file["arrays"][name]["data"].as_array().unwrap_or_else(|| panic!("{}: no {name}", self.name));
        data.iter().map(|x| x.as_f64().unwrap() as f32).collect()
    }

    /// The arrays `prefix.NAME` of all parameters, one after the other.
    fn flat(&self, prefix: &str) -> Vec<f32> {
        let layout = Layout::new(&self.config);
        layout.parameters().iter().flat_map(|p| self.numbers(&format!("{prefix}.{}", p.name))).collect()
    }

    fn state(&self) -> State {
        let mut state = State::zeros(&self.config, &self.segment.topology).unwrap();
        for l in 0..self.segment.topology.layers().len() {
            let cells = self.numbers(&format!("initial_cell.{l}"));
            for (sub_rnn, cell) in cells.chunks_exact(self.config.hidden_size).enumerate() {
                state.cell_mut(l, sub_rnn).copy_from_slice(cell);
            }
        }
        state
    }

    /// Steps × batch × (inputs, label).
    fn rows(&self) -> Vec<f32> {
        let (inputs, labels) = (self.numbers("inputs"), self.numbers("labels"));
        let inputs = inputs.chunks_exact(self.segment.topology.inputs());
        let labels = labels.chunks_exact(self.segment.topology.outputs());
        inputs.zip(labels).flat_map(|(x, label)| [x, label].concat()).collect()
    }
}

fn tensor(values: Vec<f32>, shape: &[usize]) -> Tensor {
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// Outputs, loss, and gradient, by a kernel or (none) by candle's graph.
fn found(golden: &Golden, kernel: Option<Kernel>) -> candle_core::Result<(Vec<f32>, f64, Vec<f32>)> {
    let (segment, config) = (&golden.segment, &golden.config);
    let (steps, batch, outputs) = (segment.steps(), segment.batch, segment.topology.outputs());
    let theta = golden.flat("parameter");
    let theta = Var::from_tensor(&tensor(theta.clone(), &[theta.len()]))?;
    let states = tensor(golden.state().pack().repeat(batch), &[batch, segment.state_len(config)]);
    let rows = tensor(golden.rows(), &[steps, batch, segment.row_len(config)]);
    let (y, _) = match kernel {
        Some(kernel) => vsml_core::segment(segment, config, kernel, theta.as_tensor(), &states, &rows)?,
        None => vsml_core::segment_op_by_op(segment, config, theta.as_tensor(), &states, &rows)?,
    };
    let labels = tensor(golden.numbers("labels"), &[steps, batch, outputs]);
    let powers = y.broadcast_sub(&y.max_keepdim(D::Minus1)?.detach())?.exp()?;
    let probabilities = powers.broadcast_div(&powers.sum_keepdim(D::Minus1)?)?;
    let loss = (labels * probabilities.log()?)?.sum(D::Minus1)?.mean_all()?.neg()?;
    let gradients = loss.backward()?;
    let gradient = gradients.get(&theta).unwrap().to_vec1::<f32>()?;
    Ok((y.flatten_all()?.to_vec1::<f32>()?, f64::from(loss.to_scalar::<f32>()?), gradient))
}

#[test]
fn outputs_loss_and_gradients_are_the_originals() {
    let folder = std::env::var_os("VSML_GOLDEN")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden"), PathBuf::from);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let expected = if std::env::var_os("VSML_GOLDEN").is_some() { 1 } else { 7 };
    assert!(files.len() >= expected, "{} golden files in {}, not {expected}", files.len(), folder.display());
    for golden in files.iter().map(Golden::read) {
        for kernel in Kernel::available().into_iter().map(Some).chain([None]) {
            let name = format!("{} by {}", golden.name, kernel.map_or("the graph".into(), |k| k.to_string()));
            let (outputs, loss, gradient) = found(&golden, kernel).unwrap_or_else(|error| panic!("{name}: {error}"));

            let expected = golden.numbers("outputs");
            assert_eq!(outputs.len(), expected.len());
            let worst = outputs.iter().zip(&expected).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-5, "{name}: outputs are off by {worst}");

            let expected = golden.file["loss"].as_f64().unwrap();
            assert!((loss / expected - 1.0).abs() < 1e-4, "{name}: loss {loss} for {expected}");

            let expected = golden.flat("gradient");
            for parameter in Layout::new(&golden.config).parameters() {
                let (found, expected) = (&gradient[parameter.range.clone()], &expected[parameter.range.clone()]);
                let norm = |x: &mut dyn Iterator<Item = f32>| x.map(|x| f64::from(x).powi(2)).sum::<f64>().sqrt();
                let off = norm(&mut found.iter().zip(expected).map(|(x, y)| x - y));
                let length = norm(&mut expected.iter().copied());
                // The outputs' bias gets nearly nothing, as the softmax does not see it: what is left of terms that cancel
                // carries the rounding of the terms.
                let name = format!("{name}: gradient of {}", parameter.name);
                assert!(off <= 1e-4 * length + 1e-7, "{name} is off by {off} of {length}");
            }
        }
    }
}
