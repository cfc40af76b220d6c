//! Against the original implementation: parameters, initial states, inputs and outputs of three dense configurations.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use serde_json::Value;
use vsml_core::{Kernel, Layout, State, SubRnn, SubRnnConfig, Topology};

fn numbers(golden: &Value, name: &str) -> Vec<f32> {
    let data = golden["arrays"][name]["data"].as_array().unwrap_or_else(|| panic!("no array {name}"));
    data.iter().map(|x| x.as_f64().unwrap() as f32).collect()
}

fn size(golden: &Value, name: &str) -> usize {
    golden[name].as_u64().unwrap() as usize
}

/// d/dy of the cross entropy between softmax(y) and `label`.
fn error(y: &[f32], label: &[f32]) -> Vec<f32> {
    let largest = y.iter().fold(f32::MIN, |a, &b| a.max(b));
    let powers: Vec<f32> = y.iter().map(|y| (y - largest).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.iter().zip(label).map(|(power, label)| power / sum - label).collect()
}

fn outputs(golden: &Value, kernel: Kernel) -> Vec<f32> {
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
    let sub_rnn = SubRnn::new(&config, &theta, kernel).unwrap();
    let mut state = State::zeros(&config, &Topology::dense(&[a, b]).unwrap());
    for (i, cell) in numbers(golden, "initial_cell.0").chunks_exact(config.hidden_size).enumerate() {
        state.cell_mut(0, i / b, i % b).copy_from_slice(cell);
    }

    let (inputs, labels) = (numbers(golden, "inputs"), numbers(golden, "labels"));
    let mut outputs = Vec::new();
    let mut y = vec![0.0; b];
    for (x, label) in inputs.chunks_exact(a).zip(labels.chunks_exact(b)) {
        state.write_forward(0, x);
        sub_rnn.tick(&mut state);
        sub_rnn.read_outputs(&state, &mut y);
        outputs.extend_from_slice(&y);
        state.write_backward(0, &error(&y, label));
        if golden["feed_label"].as_bool().unwrap() {
            state.write_backward(1, label);
        }
    }
    outputs
}

#[test]
fn outputs_are_the_originals() {
    for file in [
        include_str!("golden/dense_4x3.json"),
        include_str!("golden/dense_4x3_label.json"),
        include_str!("golden/small_hidden4_msg3_ticks1.json"),
    ] {
        let golden: Value = serde_json::from_str(file).unwrap();
        let expected = numbers(&golden, "outputs");
        for kernel in Kernel::available() {
            let found = outputs(&golden, kernel);
            assert_eq!(found.len(), expected.len());
            let worst = found.iter().zip(&expected).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-5, "{} with the {kernel} kernel is off by {worst}", golden["name"]);
        }
    }
}
