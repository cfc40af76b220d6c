//! The way back through a MetaRNN: recorded lives, lived again side by side, and differentiated through time.
//!
//! A life is a chain of small products that have to wait for each other, but many lives side by side are one chain of large
//! ones. So lives are lived again in *rows*, one for each life and step, those of a step together: what does not wait (what
//! the inputs add to the gates, what the hidden states are worth as logits and values, and all derivatives with respect to
//! weights) is one product over all rows, and only what the hidden state adds to the gates is done step by step.
//!
//! Lives are sorted, the longest first, so that those that still live at a step are the first so many of the step before.
//!
//! With δx for the derivative of the loss with respect to x, the way back through one step of an LSTM is
//!
//! ```text
//! δo = δh ∘ tanh(c)     δc += δh ∘ o ∘ (1 - tanh²(c))     δi = δc ∘ g     δg = δc ∘ i     δf = δc ∘ c⁻     δc⁻ = δc ∘ f
//! ```
//!
//! and of a GRU, with m = h⁻ Rn + an,
//!
//! ```text
//! δz = δh ∘ (h⁻ - n)     δn = δh ∘ (1 - z)     δr = δn̂ ∘ m     δm = δn̂ ∘ r     δh⁻ = δh ∘ z
//! ```
//!
//! where δn̂ is what δn is before the tanh; each gate's derivative goes on through its sigmoid or tanh, and from there by Rᵀ
//! to the hidden state of the step before (Werbos 1990, *Backpropagation through time*).

use super::matrix::{Large, column_sums, multiply, sigmoid};
use super::meta_rnn::{Cell, MetaRnnConfig};
use super::network::{Parts, Shape};
use crate::policy_gradient::{Outlook, Record, Relived};
use crate::vsml::flag;
use pulp::Arch;
use std::ops::Range;
use vsml_core::tanh;

/// Meta-parameters by name, with the critic behind them.
struct Weights<'a> {
    from_input: &'a [f32],
    from_hidden: &'a [f32],
    bias: &'a [f32],
    /// Of a GRU alone.
    hidden_bias: &'a [f32],
    /// A row for each hidden unit: the policy's weights, the critic's, and zeros up to [`HEADS`] columns.
    heads: Vec<f32>,
    /// The biases of the same.
    heads_bias: Vec<f32>,
}

/// The least columns of the policy and the critic together: products with few columns are slow.
const HEADS: usize = 8;

/// Recorded lives, lived again.
pub(super) struct RelivedRnn<'a> {
    cell: Cell,
    /// As [`MetaRnnConfig::input_scale`].
    input_scale: f32,
    width: usize,
    shape: Shape,
    weights: Weights<'a>,
    /// Rows of each step.
    steps: Vec<Range<usize>>,
    /// The place of each life among the rows of a step.
    places: Vec<usize>,
    input: Vec<f32>,
    /// The hidden state before each row, and after it.
    before: Vec<f32>,
    hidden: Vec<f32>,
    /// The gates, activated: i, o, f, g or z, r, n.
    gates: Vec<f32>,
    /// Of an LSTM: the cell before each row, and after it. Of a GRU, the second: what the state adds to n, before r.
    cell_before: Vec<f32>,
    memory: Vec<f32>,
    outlooks: Vec<Outlook>,
}

/// Numbers of a critic: a weight for each hidden unit, and a bias.
pub(super) fn critic_count(config: &MetaRnnConfig) -> usize {
    config.hidden_size + 1
}

impl<'a> RelivedRnn<'a> {
    /// Lives through `lives` again with the meta-parameters, and behind them the critic's, `parameters`.
    pub fn new(config: &MetaRnnConfig, shape: Shape, parameters: &'a [f32], lives: &[&Record]) -> Self {
        let (width, gates) = (config.hidden_size, config.cell.gates() * config.hidden_size);
        let mut parts = Parts(parameters);
        let heads = (shape.actions + 1).max(HEADS);
        let mut weights = Weights {
            from_input: parts.next(shape.inputs() * gates),
            from_hidden: parts.next(width * gates),
            bias: parts.next(gates),
            hidden_bias: parts.next(if config.cell == Cell::Gru { width } else { 0 }),
            heads: vec![0.0; width * heads],
            heads_bias: vec![0.0; heads],
        };
        let actions = shape.actions;
        let (policy, bias, critic) =
            (parts.next(width * actions), parts.next(actions), parts.next(critic_count(config)));
        for (unit, row) in weights.heads.chunks_exact_mut(heads).enumerate() {
            row[..actions].copy_from_slice(&policy[unit * actions..][..actions]);
            row[actions] = critic[unit];
        }
        weights.heads_bias[..actions].copy_from_slice(bias);
        weights.heads_bias[actions] = critic[width];
        let mut order: Vec<usize> = (0..lives.len()).collect();
        order.sort_by_key(|life| std::cmp::Reverse(lives[*life].len()));
        let mut places = vec![0; lives.len()];
        order.iter().enumerate().for_each(|(place, life)| places[*life] = place);
        let mut steps = Vec::new();
        let mut rows = 0;
        for step in 0..lives.iter().map(|life| life.len()).max().unwrap_or(0) {
            let alive = lives.iter().filter(|life| life.len() > step).count();
            steps.push(rows..rows + alive);
            rows += alive;
        }
        let mut relived = RelivedRnn {
            cell: config.cell,
            input_scale: config.input_scale,
            width,
            shape,
            weights,
            input: vec![0.0; rows * shape.inputs()],
            before: vec![0.0; rows * width],
            hidden: vec![0.0; rows * width],
            gates: vec![0.0; rows * gates],
            cell_before: vec![0.0; if config.cell == Cell::Lstm { rows * width } else { 0 }],
            memory: vec![0.0; rows * width],
            outlooks: Vec::new(),
            steps,
            places,
        };
        relived.write_inputs(lives);
        relived.live();
        relived.look_out(lives);
        relived
    }

    /// The row of each step of life `life`.
    fn rows(&self, life: usize, len: usize) -> impl Iterator<Item = usize> {
        let place = self.places[life];
        self.steps[..len].iter().map(move |rows| rows.start + place)
    }

    /// What the network is given at each step, as [`super::network`] has it.
    fn write_inputs(&mut self, lives: &[&Record]) {
        let Shape { observations, actions } = self.shape;
        let inputs = self.shape.inputs();
        for (life, record) in lives.iter().enumerate() {
            for (step, row) in self.rows(life, record.len()).collect::<Vec<_>>().into_iter().enumerate() {
                let input = &mut self.input[row * inputs..][..inputs];
                let seen = record.observation(step).iter().map(|x| x * self.input_scale);
                input[..observations].iter_mut().zip(seen).for_each(|(input, seen)| *input = seen);
                if let Some(last) = step.checked_sub(1) {
                    let told = record.feedback[last].target.unwrap_or(record.actions[last]);
                    input[observations + told] = self.input_scale;
                    input[observations + actions] = record.feedback[last].reward as f32;
                }
                input[inputs - 1] = flag(record.begins[step]);
            }
        }
    }

    fn live(&mut self) {
        let (n, width) = (self.width, self.cell.gates() * self.width);
        self.gates.chunks_exact_mut(width).for_each(|row| row.copy_from_slice(self.weights.bias));
        let inputs = self.shape.inputs();
        multiply(Large::new(&self.input, inputs), Large::new(self.weights.from_input, width), &mut self.gates);
        let weights = Large::new(self.weights.from_hidden, width);
        let mut from_hidden = Vec::new();
        let mut last: Option<Range<usize>> = None;
        for rows in self.steps.clone() {
            if let Some(last) = last {
                let source = last.start * n..(last.start + rows.len()) * n;
                self.before[rows.start * n..rows.end * n].copy_from_slice(&self.hidden[source.clone()]);
                if self.cell == Cell::Lstm {
                    self.cell_before[rows.start * n..rows.end * n].copy_from_slice(&self.memory[source]);
                }
            }
            let states = rows.start * n..rows.end * n;
            let gates = &mut self.gates[rows.start * width..rows.end * width];
            let (before, hidden) = (&self.before[states.clone()], &mut self.hidden[states.clone()]);
            let memory = &mut self.memory[states.clone()];
            match self.cell {
                Cell::Lstm => {
                    multiply(Large::new(before, n), weights, gates);
                    lstm(n, gates, &self.cell_before[states], memory, hidden);
                }
                Cell::Gru => {
                    from_hidden.clear();
                    from_hidden.resize(rows.len() * width, 0.0);
                    multiply(Large::new(before, n), weights, &mut from_hidden);
                    gru(n, gates, &from_hidden, self.weights.hidden_bias, before, memory, hidden);
                }
            }
            last = Some(rows);
        }
    }

    /// Logits and values of all rows.
    fn look_out(&mut self, lives: &[&Record]) {
        let (n, actions) = (self.width, self.shape.actions);
        let rows = self.hidden.len() / n;
        let heads = self.weights.heads_bias.len();
        let mut seen = self.weights.heads_bias.repeat(rows);
        multiply(Large::new(&self.hidden, n), Large::new(&self.weights.heads, heads), &mut seen);
        self.outlooks = (0..lives.len())
            .map(|life| {
                let rows = self.rows(life, lives[life].len());
                let mut outlook = Outlook::default();
                for row in rows {
                    outlook.logits.extend_from_slice(&seen[row * heads..][..actions]);
                    outlook.values.push(seen[row * heads + actions]);
                }
                outlook
            })
            .collect();
    }
}

impl Relived for RelivedRnn<'_> {
    fn outlooks(&self) -> &[Outlook] {
        &self.outlooks
    }

    fn go_back(&self, of_outlooks: &[Outlook]) -> Vec<f64> {
        let (n, actions, inputs) = (self.width, self.shape.actions, self.shape.inputs());
        let rows = self.hidden.len() / n;
        let width = self.cell.gates() * n;
        let heads = self.weights.heads_bias.len();
        let mut of_heads = vec![0.0; rows * heads];
        for (life, of) in of_outlooks.iter().enumerate() {
            for (step, row) in self.rows(life, of.values.len()).enumerate() {
                let of_heads = &mut of_heads[row * heads..][..=actions];
                of_heads[..actions].copy_from_slice(&of.logits[step * actions..][..actions]);
                of_heads[actions] = of.values[step];
            }
        }

        let mut of_hidden = vec![0.0; rows * n];
        let weights = Large::new(&self.weights.heads, heads).transposed();
        multiply(Large::new(&of_heads, heads), weights, &mut of_hidden);

        // Step by step: of the gates before their sigmoids, as the inputs and as the hidden state reach them. They differ in
        // n of a GRU alone.
        let mut of_gates = vec![0.0; rows * width];
        let mut of_recurrent = vec![0.0; if self.cell == Cell::Gru { rows * width } else { 0 }];
        let from_hidden = Large::new(self.weights.from_hidden, width).transposed();
        let first = self.steps.first().map_or(0, |rows| rows.len());
        let (mut of_before, mut of_cell) = (vec![0.0; first * n], vec![0.0; first * n]);
        for (step, rows) in self.steps.iter().enumerate().rev() {
            let states = rows.start * n..rows.end * n;
            let gates = rows.start * width..rows.end * width;
            let later = self.steps.get(step + 1).map_or(0, |rows| rows.len());
            let of_hidden = &mut of_hidden[states.clone()];
            of_hidden[..later * n].iter_mut().zip(&of_before).for_each(|(of, more)| *of += more);
            let of_before = &mut of_before[..rows.len() * n];
            match self.cell {
                Cell::Lstm => {
                    of_cell[later * n..rows.len() * n].fill(0.0);
                    let (memory, cell_before) = (&self.memory[states.clone()], &self.cell_before[states]);
                    let of_cell = &mut of_cell[..rows.len() * n];
                    let of_gates = &mut of_gates[gates.clone()];
                    lstm_back(n, &self.gates[gates], memory, cell_before, of_hidden, of_cell, of_gates);
                    of_before.fill(0.0);
                    multiply(Large::new(of_gates, width), from_hidden, of_before);
                }
                Cell::Gru => {
                    let (memory, before) = (&self.memory[states.clone()], &self.before[states]);
                    let (of_gates, of_recurrent) = (&mut of_gates[gates.clone()], &mut of_recurrent[gates.clone()]);
                    gru_back(n, &self.gates[gates], memory, before, of_hidden, of_gates, of_recurrent, of_before);
                    multiply(Large::new(of_recurrent, width), from_hidden, of_before);
                }
            }
        }

        // All at once, in the order of the meta-parameters.
        let of_recurrent = if self.cell == Cell::Gru { &of_recurrent } else { &of_gates };
        let product = |left: &[f32], columns: usize, right: &[f32], outputs: usize| {
            let mut product = vec![0.0; columns * outputs];
            multiply(Large::new(left, columns).transposed(), Large::new(right, outputs), &mut product);
            product
        };
        let mut gradient = product(&self.input, inputs, &of_gates, width);
        gradient.extend(product(&self.before, n, of_recurrent, width));
        gradient.extend(column_sums(&of_gates, width));
        if self.cell == Cell::Gru {
            gradient.extend(&column_sums(of_recurrent, width)[2 * n..]);
        }
        let (of_weights, of_bias) = (product(&self.hidden, n, &of_heads, heads), column_sums(&of_heads, heads));
        gradient.extend(of_weights.chunks_exact(heads).flat_map(|row| &row[..actions]));
        gradient.extend(&of_bias[..actions]);
        gradient.extend(of_weights.chunks_exact(heads).map(|row| row[actions]));
        gradient.push(of_bias[actions]);
        gradient.into_iter().map(f64::from).collect()
    }
}

/// One step of an LSTM for some rows, whose gates become those activated.
fn lstm(n: usize, gates: &mut [f32], before: &[f32], cell: &mut [f32], hidden: &mut [f32]) {
    Arch::new().dispatch(|| {
        let rows = gates.chunks_exact_mut(4 * n).zip(before.chunks_exact(n));
        for ((gates, before), (cell, hidden)) in rows.zip(cell.chunks_exact_mut(n).zip(hidden.chunks_exact_mut(n))) {
            let (sigmoids, g) = gates.split_at_mut(3 * n);
            sigmoids.iter_mut().for_each(|x| *x = sigmoid(*x));
            g.iter_mut().for_each(|x| *x = tanh(*x));
            let (i, rest) = sigmoids.split_at(n);
            let (o, f) = rest.split_at(n);
            for j in 0..n {
                cell[j] = f[j] * before[j] + i[j] * g[j];
                hidden[j] = o[j] * tanh(cell[j]);
            }
        }
    });
}

/// One step of a GRU for some rows: `gates` holds what the inputs add to them and becomes the gates activated; `from_state`
/// becomes what the state adds to n.
fn gru(
    n: usize,
    gates: &mut [f32],
    from_hidden: &[f32],
    bias: &[f32],
    before: &[f32],
    from_state: &mut [f32],
    hidden: &mut [f32],
) {
    Arch::new().dispatch(|| {
        let rows = gates.chunks_exact_mut(3 * n).zip(from_hidden.chunks_exact(3 * n)).zip(before.chunks_exact(n));
        for (((gates, from_hidden), before), (from_state, hidden)) in
            rows.zip(from_state.chunks_exact_mut(n).zip(hidden.chunks_exact_mut(n)))
        {
            let (zr, new) = gates.split_at_mut(2 * n);
            zr.iter_mut().zip(from_hidden).for_each(|(x, more)| *x = sigmoid(*x + more));
            let (z, r) = zr.split_at(n);
            let more = &from_hidden[2 * n..];
            for j in 0..n {
                from_state[j] = more[j] + bias[j];
                new[j] = tanh(new[j] + r[j] * from_state[j]);
                hidden[j] = (1.0 - z[j]) * new[j] + z[j] * before[j];
            }
        }
    });
}

/// The way back through [`lstm`]: `of_cell` holds δc of this step and becomes that of the step before.
fn lstm_back(
    n: usize,
    gates: &[f32],
    cell: &[f32],
    before: &[f32],
    of_hidden: &[f32],
    of_cell: &mut [f32],
    of_gates: &mut [f32],
) {
    Arch::new().dispatch(|| {
        for (row, (gates, of_gates)) in gates.chunks_exact(4 * n).zip(of_gates.chunks_exact_mut(4 * n)).enumerate() {
            let here = row * n..(row + 1) * n;
            let (cell, before) = (&cell[here.clone()], &before[here.clone()]);
            let (of_hidden, of_cell) = (&of_hidden[here.clone()], &mut of_cell[here]);
            for j in 0..n {
                let [i, o, f, g] = [gates[j], gates[n + j], gates[2 * n + j], gates[3 * n + j]];
                let squashed = tanh(cell[j]);
                let of_c = of_cell[j] + of_hidden[j] * o * (1.0 - squashed * squashed);
                of_gates[j] = of_c * g * i * (1.0 - i);
                of_gates[n + j] = of_hidden[j] * squashed * o * (1.0 - o);
                of_gates[2 * n + j] = of_c * before[j] * f * (1.0 - f);
                of_gates[3 * n + j] = of_c * i * (1.0 - g * g);
                of_cell[j] = of_c * f;
            }
        }
    });
}

/// The way back through [`gru`]: `of_before` becomes the part of δh⁻ that does not go through the gates.
#[allow(clippy::too_many_arguments, reason = "one for each letter of the equations")]
fn gru_back(
    n: usize,
    gates: &[f32],
    from_state: &[f32],
    before: &[f32],
    of_hidden: &[f32],
    of_gates: &mut [f32],
    of_recurrent: &mut [f32],
    of_before: &mut [f32],
) {
    Arch::new().dispatch(|| {
        let rows = gates.chunks_exact(3 * n).zip(of_gates.chunks_exact_mut(3 * n));
        for (row, ((gates, of_gates), of_recurrent)) in rows.zip(of_recurrent.chunks_exact_mut(3 * n)).enumerate() {
            let here = row * n..(row + 1) * n;
            let (from_state, before) = (&from_state[here.clone()], &before[here.clone()]);
            let (of_hidden, of_before) = (&of_hidden[here.clone()], &mut of_before[here]);
            for j in 0..n {
                let [z, r, new] = [gates[j], gates[n + j], gates[2 * n + j]];
                let of_new = of_hidden[j] * (1.0 - z) * (1.0 - new * new);
                of_gates[j] = of_hidden[j] * (before[j] - new) * z * (1.0 - z);
                of_gates[n + j] = of_new * from_state[j] * r * (1.0 - r);
                of_gates[2 * n + j] = of_new;
                of_recurrent[j] = of_gates[j];
                of_recurrent[n + j] = of_gates[n + j];
                of_recurrent[2 * n + j] = of_new * r;
                of_before[j] = of_hidden[j] * z;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learner::{MetaLearner, live};
    use crate::learners::network::NetworkMetaLearner;
    use crate::policy_gradient::Recorded;
    use vsml_envs::{LifetimeKey, Registry, Split, stream};

    /// Lives of different lengths in a small world of several episodes, and what lives in it.
    fn lives(cell: Cell) -> (NetworkMetaLearner<MetaRnnConfig>, Vec<f32>, Vec<Record>) {
        let config = MetaRnnConfig { cell, hidden_size: 7, input_scale: 1.5, observations: 4, actions: 2 };
        let learner = NetworkMetaLearner::new(config).unwrap();
        let mut rng = stream(1, "theta", &[]);
        let mut parameters = learner.initialise(&mut rng);
        let critic: Vec<f32> = (0..learner.critic_count()).map(|i| 0.1 * i as f32 - 0.3).collect();
        let tasks = Registry::builtin().make("CartPole-v1:episodes=2").unwrap();
        let records = (0..9).map(|lifetime| {
            let key = LifetimeKey { seed: 1, split: Split::Train, generation: 0, member: 0, lifetime };
            let mut one = learner.learner(&parameters).unwrap();
            let mut recorded = Recorded::new(&mut *one);
            live(&mut recorded, &mut tasks.begin(&key).unwrap(), &mut rng, |_| {}).unwrap();
            recorded.record().unwrap()
        });
        let records: Vec<Record> = records.collect();
        parameters.extend(critic);
        (learner, parameters, records)
    }

    #[test]
    fn a_life_lived_again_is_the_same_life() {
        for cell in [Cell::Lstm, Cell::Gru] {
            let (learner, parameters, records) = lives(cell);
            let config = MetaRnnConfig { cell, hidden_size: 7, input_scale: 1.5, observations: 4, actions: 2 };
            let relived = learner.relive(&parameters, &records.iter().collect::<Vec<_>>()).unwrap();
            assert!(records.iter().any(|record| record.len() != records[0].len()));
            for (record, outlook) in records.iter().zip(relived.outlooks()) {
                let shape = Shape { observations: 4, actions: 2 };
                let mut life = super::super::network::Network::life(&config, shape);
                let mut input = vec![0.0; shape.inputs()];
                let mut logits = [0.0; 2];
                for step in 0..record.len() {
                    input[..4].copy_from_slice(record.observation(step));
                    input[..4].iter_mut().for_each(|x| *x *= 1.5);
                    input[7] = flag(record.begins[step]);
                    let theta = &parameters[..learner.parameter_count()];
                    super::super::network::Network::step(&config, theta, &mut life, &input, &mut logits);
                    for (found, expected) in outlook.logits[2 * step..].iter().zip(logits) {
                        assert!((found - expected).abs() < 1e-5, "{cell:?} step {step}: {found} instead of {expected}");
                    }
                    input[4..7].fill(0.0);
                    input[4 + record.actions[step]] = 1.5;
                    input[6] = record.feedback[step].reward as f32;
                }
                assert_eq!((outlook.values.len(), outlook.logits.len()), (record.len(), 2 * record.len()));
            }
        }
    }

    #[test]
    fn the_way_back_agrees_with_finite_differences() {
        for cell in [Cell::Lstm, Cell::Gru] {
            let (learner, mut parameters, records) = lives(cell);
            let records: Vec<&Record> = records.iter().collect();
            // A loss that weighs every number of every outlook differently.
            let weight = |i: usize| ((i * 7) % 13) as f32 / 13.0 - 0.4;
            let worth = |parameters: &[f32]| -> f64 {
                let relived = learner.relive(parameters, &records).unwrap();
                let numbers = |outlook: &Outlook| -> f64 {
                    let all = outlook.logits.iter().chain(&outlook.values).enumerate();
                    all.map(|(i, x)| f64::from(weight(i) * x)).sum()
                };
                relived.outlooks().iter().map(numbers).sum()
            };
            let relived = learner.relive(&parameters, &records).unwrap();
            let of: Vec<Outlook> = relived
                .outlooks()
                .iter()
                .map(|outlook| Outlook {
                    logits: (0..outlook.logits.len()).map(weight).collect(),
                    values: (0..outlook.values.len()).map(|i| weight(outlook.logits.len() + i)).collect(),
                })
                .collect();
            let gradient = relived.go_back(&of);
            drop(relived);
            assert_eq!(gradient.len(), parameters.len());
            let size = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
            for index in (0..parameters.len()).step_by(5) {
                let here = parameters[index];
                let at = |x: f32, parameters: &mut Vec<f32>| {
                    parameters[index] = x;
                    worth(parameters)
                };
                let difference = at(here + 2e-3, &mut parameters) - at(here - 2e-3, &mut parameters);
                parameters[index] = here;
                let (found, expected) = (gradient[index], difference / 4e-3);
                assert!((found - expected).abs() < 2e-3 * size, "{cell:?} {index}: {found} instead of {expected}");
            }
        }
    }
}
