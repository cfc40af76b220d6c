//! The definition once more, as a graph of candle's operations: the oracle for gradients.
//!
//! Everything in here is what its line says, with no thought for speed: each sub-RNN at each of its positions is a row of a
//! matrix, messages are gathered by index and summed up by index. candle differentiates it operation by operation. The
//! kernels' way back was derived by hand, so it is held against this one, on which no hand was laid.
//!
//! To *use* gradients take [`segment`](crate::segment()): many times faster (`cargo bench` measures how many), and it does
//! not recurse, where candle's way back through this graph overflows the stack of a default thread if a life is long.

use crate::segment::{Drive, Feedback, Segment};
use crate::{Aggregation, BackwardPass, Direction, Layout, SubRnnConfig};
use candle_core::{DType, Result, Tensor};

/// The numbers of one layer: hidden and cell S × N, forward messages B × M, backward messages A × M.
#[derive(Clone, Debug)]
struct Layer {
    /// h and c.
    states: [Tensor; 2],
    forward_out: Tensor,
    backward_out: Tensor,
}

/// The state of one network.
#[derive(Clone, Debug)]
struct State {
    layers: Vec<Layer>,
    /// What the last layer is told, B × M.
    backward_in: Tensor,
}

struct Graph<'a> {
    config: &'a SubRnnConfig,
    segment: &'a Segment,
    theta: &'a Tensor,
    layout: Layout,
}

/// As [`segment`](crate::segment()), operation by operation: `theta` is flat, `states` batch × [`Segment::state_len`], `rows`
/// steps × batch × [`Segment::row_len`]; gives the outputs, steps × batch × outputs, and the states at the end.
///
/// # Errors
/// A configuration that makes no sense, or cannot run this segment; shapes that do not fit, in candle's words.
pub fn segment_op_by_op(
    segment: &Segment,
    config: &SubRnnConfig,
    theta: &Tensor,
    states: &Tensor,
    rows: &Tensor,
) -> Result<(Tensor, Tensor)> {
    config.check().and_then(|()| segment.topology.check(config)).map_err(candle_core::Error::wrap)?;
    segment.check_label(config).map_err(candle_core::Error::wrap)?;
    let graph = Graph { config, segment, theta, layout: Layout::new(config) };
    let mut batch = (0..segment.batch).map(|item| graph.unpack(&states.get(item)?)).collect::<Result<Vec<State>>>()?;
    let mut outputs = Vec::new();
    for step in 0..segment.steps() {
        if segment.direction(step) == Direction::Forward {
            graph.share_over_batch(&mut batch)?;
        }
        for (item, state) in batch.iter_mut().enumerate() {
            outputs.push(graph.step(state, step, &rows.get(step)?.get(item)?)?);
        }
    }
    let outputs = Tensor::stack(&outputs, 0)?.reshape((segment.steps(), segment.batch, segment.topology.outputs()))?;
    let states = batch.iter().map(|state| graph.pack(state)).collect::<Result<Vec<_>>>()?;
    Ok((outputs, Tensor::stack(&states, 0)?))
}

fn sigmoid(x: &Tensor) -> Result<Tensor> {
    (x.neg()?.exp()? + 1.0)?.recip()
}

impl Graph<'_> {
    fn parameter(&self, l: usize, direction: Direction, name: &str) -> Result<Tensor> {
        let separate = direction == Direction::Backward && self.config.backward_pass == BackwardPass::Separate;
        let pass = if separate { "backward_pass." } else { "" };
        let layer = if self.config.parameter_sets > 1 { format!("layer{l}.") } else { String::new() };
        let name = format!("{pass}{layer}{name}");
        let found = self.layout.parameters().iter().find(|parameter| parameter.name == name);
        let parameter = found.ok_or_else(|| candle_core::Error::Msg(format!("no parameter {name}")))?;
        self.theta.narrow(0, parameter.range.start, parameter.range.len())?.reshape(&parameter.shape[..])
    }

    fn unpack(&self, packed: &Tensor) -> Result<State> {
        let (n, m) = (self.config.hidden_size, self.config.message_size);
        let mut at = 0;
        let mut take = |rows: usize, columns: usize| {
            at += rows * columns;
            packed.narrow(0, at - rows * columns, rows * columns)?.reshape((rows, columns))
        };
        let mut layers = Vec::new();
        for shape in self.segment.topology.layers() {
            layers.push(Layer {
                states: [take(shape.sub_rnns(), n)?, take(shape.sub_rnns(), n)?],
                forward_out: take(shape.outputs(), m)?,
                backward_out: take(shape.inputs(), m)?,
            });
        }
        Ok(State { layers, backward_in: take(self.segment.topology.outputs(), m)? })
    }

    fn pack(&self, state: &State) -> Result<Tensor> {
        let of_layer = |layer: &Layer| {
            let [hidden, cell] = layer.states.clone();
            [hidden, cell, layer.forward_out.clone(), layer.backward_out.clone()]
        };
        let all = state.layers.iter().flat_map(of_layer).chain([state.backward_in.clone()]);
        Tensor::cat(&all.map(|tensor| tensor.flatten_all()).collect::<Result<Vec<_>>>()?, 0)
    }

    fn share_over_batch(&self, batch: &mut [State]) -> Result<()> {
        if batch.len() < 2 {
            return Ok(());
        }
        let (n, half) = (self.config.hidden_size, self.config.hidden_size / 2);
        for l in 0..batch[0].layers.len() {
            for part in 0..2 {
                let all: Vec<Tensor> = batch.iter().map(|state| state.layers[l].states[part].clone()).collect();
                let shared = Tensor::stack(&all, 0)?.mean(0)?.narrow(1, 0, half)?;
                for (state, own) in batch.iter_mut().zip(all) {
                    state.layers[l].states[part] = Tensor::cat(&[&shared, &own.narrow(1, half, n - half)?], 1)?;
                }
            }
        }
        Ok(())
    }

    /// One step of one member of the batch; gives its outputs.
    fn step(&self, state: &mut State, step: usize, row: &Tensor) -> Result<Tensor> {
        let (a, b, m) = (self.segment.topology.inputs(), self.segment.topology.outputs(), self.config.message_size);
        let each = if matches!(self.segment.drive, Drive::Messages { .. }) { m } else { 1 };
        let forward = row.narrow(0, 0, a * each)?.reshape((a, each))?;
        let backward = row.narrow(0, a * each, b * each)?.reshape((b, each))?;
        let extras = row.narrow(0, (a + b) * each, self.config.extras)?;
        match self.segment.drive {
            Drive::Messages { ref directions } => {
                state.backward_in = backward;
                self.pass(state, directions[step], &forward, &extras)?;
                state.backward_in = state.backward_in.zeros_like()?;
                self.outputs(state)
            }
            Drive::Supervised { feedback, feed_label, .. } => {
                let forward = forward.pad_with_zeros(1, 0, m - 1)?;
                self.pass(state, Direction::Forward, &forward, &extras)?;
                let y = self.outputs(state)?;
                let label = backward.squeeze(1)?;
                let error = match feedback {
                    Feedback::CrossEntropy => {
                        let powers = y.broadcast_sub(&y.max_keepdim(0)?.detach())?.exp()?;
                        (powers.broadcast_div(&powers.sum_keepdim(0)?)? - &label)?
                    }
                    Feedback::SquaredError => (&y - &label)?,
                };
                let mut told = vec![(error / self.segment.batch as f64)?];
                if feed_label {
                    told.push(label);
                }
                let told = Tensor::stack(&told, 1)?;
                let rest = m - told.dim(1)?;
                state.backward_in = told.pad_with_zeros(1, 0, rest)?;
                if self.config.backward_pass != BackwardPass::None {
                    self.pass(state, Direction::Backward, &forward, &extras)?;
                    state.backward_in = state.backward_in.zeros_like()?;
                }
                Ok(y)
            }
        }
    }

    fn outputs(&self, state: &State) -> Result<Tensor> {
        let messages = &state.layers[state.layers.len() - 1].forward_out;
        let m = messages.narrow(1, self.config.output_component, 1)?.squeeze(1)?;
        match self.config.output_bound.map(f64::from) {
            Some(bound) => (m / bound)?.tanh()? * bound,
            None => Ok(m),
        }
    }

    fn pass(&self, state: &mut State, direction: Direction, forward_in: &Tensor, extras: &Tensor) -> Result<()> {
        let count = state.layers.len();
        for step in 0..count {
            let l = if direction == Direction::Forward { step } else { count - 1 - step };
            let forward = if l > 0 { &state.layers[l - 1].forward_out } else { forward_in }.clone();
            let backward = state.layers.get(l + 1).map_or(&state.backward_in, |layer| &layer.backward_out).clone();
            state.layers[l] = self.update(&state.layers[l], l, direction, &forward, &backward, extras)?;
        }
        Ok(())
    }

    fn update(
        &self,
        layer: &Layer,
        l: usize,
        direction: Direction,
        forward: &Tensor,
        backward: &Tensor,
        extras: &Tensor,
    ) -> Result<Layer> {
        let shape = self.segment.topology.layers()[l];
        let (n, m) = (self.config.hidden_size, self.config.message_size);
        let (sub_rnns, positions, device) = (shape.sub_rnns(), shape.positions(), forward.device());
        let count = sub_rnns * positions;
        let applications = (0..count).map(|i| shape.application(i / positions, i % positions));
        let (of_a, of_b): (Vec<u32>, Vec<u32>) = applications.map(|(a, b)| (a as u32, b as u32)).unzip();
        let (of_a, of_b) = (Tensor::new(&of_a[..], device)?, Tensor::new(&of_b[..], device)?);
        // Beyond the border of an image lies one more input, which sends zeros.
        let from_inputs = |messages: &Tensor| messages.pad_with_zeros(0, 0, 1)?.contiguous()?.index_select(&of_a, 0);
        let from_outputs = |messages: &Tensor| messages.contiguous()?.index_select(&of_b, 0);

        let mut read = vec![from_inputs(forward)?, from_outputs(backward)?];
        if self.config.recurrent_messages {
            read.extend([from_outputs(&layer.forward_out)?, from_inputs(&layer.backward_out)?]);
        }
        read.push(extras.reshape((1, self.config.extras))?.broadcast_as((count, self.config.extras))?);
        let place = |i: usize, of: usize| (2 * i + 1) as f32 / of as f32 - 1.0;
        let column = |values: Vec<f32>| Tensor::from_vec(values, (count, 1), device);
        if self.config.coordinates {
            let applications = || (0..count).map(|i| shape.application(i / positions, i % positions));
            read.push(column(applications().map(|(a, _)| place(a, shape.inputs())).collect())?);
            read.push(column(applications().map(|(_, b)| place(b, shape.outputs())).collect())?);
        }
        if self.config.layer_index {
            read.push(column(vec![place(l, self.segment.topology.layers().len()); count])?);
        }
        read.retain(|tensor| tensor.elem_count() > 0);
        let x = Tensor::cat(&read, 1)?;

        let weight = self.parameter(l, direction, "lstm.weight")?;
        let bias = self.parameter(l, direction, "lstm.bias")?;
        let [mut hidden, mut cell] = layer.states.clone();
        let mut sent = hidden.clone();
        for _ in 0..self.config.micro_ticks {
            let everywhere = |t: &Tensor| t.unsqueeze(1)?.broadcast_as((sub_rnns, positions, n))?.reshape((count, n));
            let (h, c) = (everywhere(&hidden)?, everywhere(&cell)?);
            let gates = Tensor::cat(&[&x, &h], 1)?.matmul(&weight)?.broadcast_add(&bias)?;
            let gate = |number: usize| gates.narrow(1, number * n, n);
            let (i, g, f, o) = (gate(0)?, gate(1)?, gate(2)?, gate(3)?);
            let c = ((sigmoid(&(f + 5.0)?)? * &c)? + (sigmoid(&(i - 5.0)?)? * g.tanh()?)?)?;
            sent = (sigmoid(&o)? * c.tanh()?)?;
            let mean = |t: &Tensor| t.reshape((sub_rnns, positions, n))?.mean(1);
            (hidden, cell) = (mean(&sent)?, mean(&c)?);
        }

        let send = |name: &str| {
            let messages = sent
                .matmul(&self.parameter(l, direction, &format!("{name}_head.weight"))?)?
                .broadcast_add(&self.parameter(l, direction, &format!("{name}_head.bias"))?)?;
            if !self.config.layer_norm {
                return Ok(messages);
            }
            let centred = messages.broadcast_sub(&messages.mean_keepdim(1)?)?;
            let deviation = (centred.sqr()?.mean_keepdim(1)? + 1e-5)?.sqrt()?;
            centred
                .broadcast_div(&deviation)?
                .broadcast_mul(&self.parameter(l, direction, &format!("{name}_norm.scale"))?)?
                .broadcast_add(&self.parameter(l, direction, &format!("{name}_norm.offset"))?)
        };
        let aggregate = |messages: Tensor, index: &Tensor, neurons: usize, senders: usize| {
            let sums = Tensor::zeros((neurons, m), DType::F32, device)?.index_add(index, &messages, 0)?;
            match self.config.aggregation {
                Aggregation::Mean => sums / senders as f64,
                Aggregation::Sum => Ok(sums),
            }
        };
        let forward_out = aggregate(send("forward")?, &of_b, shape.outputs(), shape.senders_to_output())?;
        let backward_out = aggregate(send("backward")?, &of_a, shape.inputs() + 1, shape.senders_to_input())?;
        Ok(Layer { states: [hidden, cell], forward_out, backward_out: backward_out.narrow(0, 0, shape.inputs())? })
    }
}
