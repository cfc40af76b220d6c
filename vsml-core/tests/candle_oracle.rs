//! candle's graph, operation by operation, as an oracle: the same definition written a third time, by other means, against
//! which kernels can be held on configurations that no golden file has. Its gradients are those of the original too,
//! which shows that parameters and states lie where the original has them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use candle_core::{Device, Result, Tensor, Var};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::Value;
use vsml_core::{Aggregation, Kernel, Layout, State, SubRnn, SubRnnConfig, Topology};

/// A layer of A × B sub-RNNs; rows of `hidden` and `cell` are sub-RNNs.
struct Layer {
    inputs: usize,
    outputs: usize,
    hidden: Tensor,
    cell: Tensor,
    forward_out: Tensor,
    backward_out: Tensor,
}

struct Graph {
    config: SubRnnConfig,
    parameters: Vec<(&'static str, Var)>,
    layers: Vec<Layer>,
}

fn tensor(values: Vec<f32>, shape: &[usize]) -> Tensor {
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn zeros(rows: usize, columns: usize) -> Tensor {
    tensor(vec![0.0; rows * columns], &[rows, columns])
}

fn sigmoid(x: &Tensor) -> Result<Tensor> {
    (x.neg()?.exp()? + 1.0)?.recip()
}

impl Graph {
    /// With the parameters `theta` and the cells of `state`.
    fn new(config: &SubRnnConfig, theta: &[f32], state: &State) -> Self {
        let parameters = Layout::new(config)
            .parameters()
            .iter()
            .map(|p| (p.name, Var::from_tensor(&tensor(theta[p.range.clone()].to_vec(), &p.shape)).unwrap()))
            .collect();
        let (n, m) = (config.hidden_size, config.message_size);
        let layers = state.topology().sizes().windows(2).enumerate().map(|(l, pair)| {
            let (inputs, outputs) = (pair[0], pair[1]);
            let cells = (0..inputs * outputs).flat_map(|i| state.cell(l, i / outputs, i % outputs).to_vec());
            Layer {
                inputs,
                outputs,
                hidden: zeros(inputs * outputs, n),
                cell: tensor(cells.collect(), &[inputs * outputs, n]),
                forward_out: zeros(outputs, m),
                backward_out: zeros(inputs, m),
            }
        });
        Graph { config: config.clone(), parameters, layers: layers.collect() }
    }

    fn parameter(&self, name: &str) -> &Tensor {
        self.parameters.iter().find(|(found, _)| *found == name).unwrap().1.as_tensor()
    }

    /// Messages of `values` with 0 for all numbers but those of the given components.
    fn messages(&self, values: &[(usize, Tensor)], neurons: usize) -> Result<Tensor> {
        let column = |component| match values.iter().find(|(number, _)| *number == component) {
            Some((_, values)) => values.reshape((neurons, 1)),
            None => Ok(zeros(neurons, 1)),
        };
        Tensor::cat(&(0..self.config.message_size).map(column).collect::<Result<Vec<_>>>()?, 1)
    }

    /// One tick; gives the outputs, bounded.
    fn tick(&mut self, forward_in: &Tensor, backward_in: &Tensor, extras: &[f32]) -> Result<Tensor> {
        let mut forward = forward_in.clone();
        for l in 0..self.layers.len() {
            let backward = self.layers.get(l + 1).map_or(backward_in, |layer| &layer.backward_out).clone();
            self.update(l, &forward, &backward, extras)?;
            forward = self.layers[l].forward_out.clone();
        }
        let m = forward.narrow(1, self.config.output_component, 1)?.squeeze(1)?;
        match self.config.output_bound.map(f64::from) {
            Some(bound) => (m / bound)?.tanh()? * bound,
            None => Ok(m),
        }
    }

    fn update(&mut self, l: usize, forward: &Tensor, backward: &Tensor, extras: &[f32]) -> Result<()> {
        let layer = &self.layers[l];
        let (a, b, m, n) = (layer.inputs, layer.outputs, self.config.message_size, self.config.hidden_size);
        let of_inputs = |t: &Tensor| t.unsqueeze(1)?.broadcast_as((a, b, m))?.reshape((a * b, m));
        let of_outputs = |t: &Tensor| t.unsqueeze(0)?.broadcast_as((a, b, m))?.reshape((a * b, m));
        let mut read = vec![of_inputs(forward)?, of_outputs(backward)?];
        if self.config.recurrent_messages {
            read.extend([of_outputs(&layer.forward_out)?, of_inputs(&layer.backward_out)?]);
        }
        if !extras.is_empty() {
            read.push(tensor(extras.repeat(a * b), &[a * b, extras.len()]));
        }
        let (mut h, mut c) = (layer.hidden.clone(), layer.cell.clone());
        for _ in 0..self.config.micro_ticks {
            let x = Tensor::cat(&[&read[..], &[h.clone()]].concat(), 1)?;
            let gates = x.matmul(self.parameter("lstm.weight"))?.broadcast_add(self.parameter("lstm.bias"))?;
            let gate = |number: usize| gates.narrow(1, number * n, n);
            let (i, g, f, o) = (gate(0)?, gate(1)?, gate(2)?, gate(3)?);
            c = ((sigmoid(&(f + 5.0)?)? * &c)? + (sigmoid(&(i - 5.0)?)? * g.tanh()?)?)?;
            h = (sigmoid(&o)? * c.tanh()?)?;
        }
        let send = |head: &str, dimension: usize| {
            let weight = self.parameter(&format!("{head}.weight"));
            let messages =
                h.matmul(weight)?.broadcast_add(self.parameter(&format!("{head}.bias")))?.reshape((a, b, m))?;
            match self.config.aggregation {
                Aggregation::Mean => messages.mean(dimension),
                Aggregation::Sum => messages.sum(dimension),
            }
        };
        let (forward_out, backward_out) = (send("forward_head", 0)?, send("backward_head", 1)?);
        self.layers[l] = Layer { hidden: h, cell: c, forward_out, backward_out, ..*layer };
        Ok(())
    }
}

fn numbers(golden: &Value, name: &str) -> Vec<f32> {
    golden["arrays"][name]["data"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect()
}

fn size(golden: &Value, name: &str) -> usize {
    golden[name].as_u64().unwrap() as usize
}

/// Outputs, loss and gradients of a golden file's stream: cross entropy of each example, the error of the one before fed
/// back. The original lets gradients flow through that error.
fn learn(golden: &Value) -> Result<()> {
    let config = SubRnnConfig {
        hidden_size: size(golden, "hidden_size"),
        message_size: size(golden, "message_size"),
        micro_ticks: size(golden, "micro_ticks"),
        output_bound: Some(golden["tanh_bound"].as_f64().unwrap() as f32),
        output_component: size(golden, "output_message_index"),
        ..SubRnnConfig::vsml()
    };
    let layout = Layout::new(&config);
    let theta: Vec<f32> =
        layout.parameters().iter().flat_map(|p| numbers(golden, &format!("parameter.{}", p.name))).collect();
    let (a, b) = (golden["in_shape"][0].as_u64().unwrap() as usize, size(golden, "n_out"));
    let mut state = State::zeros(&config, &Topology::dense(&[a, b]).unwrap());
    for (i, cell) in numbers(golden, "initial_cell.0").chunks_exact(config.hidden_size).enumerate() {
        state.cell_mut(0, i / b, i % b).copy_from_slice(cell);
    }
    let mut graph = Graph::new(&config, &theta, &state);

    let (inputs, labels) = (numbers(golden, "inputs"), numbers(golden, "labels"));
    let mut feedback = zeros(b, config.message_size);
    let mut losses = Vec::new();
    let mut outputs = Vec::new();
    for (x, label) in inputs.chunks_exact(a).zip(labels.chunks_exact(b)) {
        let forward = graph.messages(&[(0, tensor(x.to_vec(), &[a]))], a)?;
        let y = graph.tick(&forward, &feedback, &[])?;
        let label = tensor(label.to_vec(), &[b]);
        let powers = y.broadcast_sub(&y.max_keepdim(0)?.detach())?.exp()?;
        let probabilities = powers.broadcast_div(&powers.sum_keepdim(0)?)?;
        losses.push((&label * probabilities.log()?)?.sum_all()?.neg()?);
        outputs.extend(y.to_vec1::<f32>()?);
        let mut values = vec![(0, (probabilities - &label)?)];
        if golden["feed_label"].as_bool().unwrap() {
            values.push((1, label));
        }
        feedback = graph.messages(&values, b)?;
    }
    let loss = Tensor::stack(&losses, 0)?.mean_all()?;
    let expected = golden["loss"].as_f64().unwrap();
    assert!((f64::from(loss.to_scalar::<f32>()?) / expected - 1.0).abs() < 1e-5, "loss {loss} for {expected}");
    let worst = outputs.iter().zip(numbers(golden, "outputs")).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-5, "outputs are off by {worst}");

    let gradients = loss.backward()?;
    for (name, parameter) in &graph.parameters {
        let expected = numbers(golden, &format!("gradient.{name}"));
        let found = match gradients.get(parameter) {
            Some(gradient) => gradient.flatten_all()?.to_vec1::<f32>()?,
            None => vec![0.0; expected.len()],
        };
        let norm = |numbers: &mut dyn Iterator<Item = f32>| numbers.map(|x| f64::from(x).powi(2)).sum::<f64>().sqrt();
        let off = norm(&mut found.iter().zip(&expected).map(|(x, y)| x - y));
        let length = norm(&mut expected.iter().copied());
        assert!(off <= 1e-4 * length + 1e-7, "gradient of {name}: off by {off} of {length}");
    }
    Ok(())
}

#[test]
fn outputs_loss_and_gradients_are_the_originals() {
    for file in [
        include_str!("golden/dense_4x3.json"),
        include_str!("golden/dense_4x3_label.json"),
        include_str!("golden/small_hidden4_msg3_ticks1.json"),
    ] {
        let golden: Value = serde_json::from_str(file).unwrap();
        learn(&golden).unwrap();
    }
}

#[test]
fn kernels_agree_with_the_graph() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    for case in 0..40 {
        let mut pick = |low: u32, high: u32| (low + rng.next_u32() % (high - low + 1)) as usize;
        let config = SubRnnConfig {
            hidden_size: pick(1, 20),
            message_size: pick(1, 10),
            micro_ticks: pick(1, 3),
            extras: pick(0, 3),
            recurrent_messages: pick(0, 1) == 1,
            aggregation: if pick(0, 1) == 1 { Aggregation::Mean } else { Aggregation::Sum },
            output_bound: None,
            output_component: 0,
        };
        let sizes: Vec<usize> = (0..pick(2, 4)).map(|_| pick(1, 7)).collect();
        let topology = Topology::dense(&sizes).unwrap();
        let theta = Layout::new(&config).initialise(&mut rng);
        let mut start = State::zeros(&config, &topology);
        start.randomise(&mut rng);
        let mut uniform = |count: usize| -> Vec<f32> {
            (0..count).map(|_| (rng.next_u32() >> 8) as f32 / (1 << 23) as f32 - 1.0).collect()
        };
        let stream: Vec<[Vec<f32>; 3]> =
            (0..5).map(|_| [uniform(topology.inputs()), uniform(topology.outputs()), uniform(config.extras)]).collect();

        let mut graph = Graph::new(&config, &theta, &start);
        let mut expected = Vec::new();
        for [x, y, extras] in &stream {
            let forward = graph.messages(&[(0, tensor(x.clone(), &[x.len()]))], x.len()).unwrap();
            let backward = graph.messages(&[(0, tensor(y.clone(), &[y.len()]))], y.len()).unwrap();
            expected.extend(graph.tick(&forward, &backward, extras).unwrap().to_vec1::<f32>().unwrap());
        }
        for kernel in Kernel::available() {
            let sub_rnn = SubRnn::new(&config, &theta, kernel).unwrap();
            let mut state = start.clone();
            let mut found = Vec::new();
            for [x, y, extras] in &stream {
                state.write_forward(0, x);
                state.write_backward(0, y);
                state.extras_mut().copy_from_slice(extras);
                sub_rnn.tick(&mut state);
                found.extend((0..topology.outputs()).map(|b| state.forward_message(b, 0)));
            }
            for (x, y) in found.iter().zip(&expected) {
                assert!((x - y).abs() <= 2e-5 * (1.0 + y.abs()), "case {case}, {kernel}: {x} for {y}; {config:?}");
            }
        }
    }
}
