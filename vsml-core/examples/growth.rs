//! How the cost of a tick grows: with inputs × outputs, hidden size, micro ticks, depth, and the size of a population on one
//! and on all cores. Prints the numbers and draws them:
//!
//! ```sh
//! cargo run --release -p vsml-core --example growth -- growth.svg
//! ```
//!
//! Each point is the median of several timings; the machine's other work is in it.

use plotters::prelude::*;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use std::error::Error;
use std::time::{Duration, Instant};
use vsml_core::{Kernel, Layout, State, SubRnn, SubRnnConfig, Topology};

/// What a panel shows: its name, that of its axis, and lines of points (size, microseconds).
struct Panel {
    title: &'static str,
    axis: &'static str,
    lines: Vec<(String, Vec<(f64, f64)>)>,
}

fn network(config: &SubRnnConfig, sizes: &[usize]) -> Result<(SubRnn, State), vsml_core::Error> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let theta = Layout::new(config).initialise(&mut rng);
    let sub_rnn = SubRnn::new(config, &theta, Kernel::detect())?;
    let mut state = sub_rnn.new_state(&Topology::dense(sizes)?, &mut rng)?;
    state.write_forward(0, &vec![0.5; sizes[0]]);
    Ok((sub_rnn, state))
}

/// Median microseconds of one call.
fn microseconds(mut call: impl FnMut()) -> f64 {
    let started = Instant::now();
    call();
    let calls = (Duration::from_millis(20).as_secs_f64() / started.elapsed().as_secs_f64().max(1e-7)).ceil() as u32;
    let mut timings: Vec<f64> = (0..9)
        .map(|_| {
            let started = Instant::now();
            (0..calls).for_each(|_| call());
            started.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
        })
        .collect();
    timings.sort_by(f64::total_cmp);
    timings[timings.len() / 2]
}

fn tick(config: &SubRnnConfig, sizes: &[usize]) -> Result<f64, vsml_core::Error> {
    let (sub_rnn, mut state) = network(config, sizes)?;
    Ok(microseconds(|| sub_rnn.tick(&mut state)))
}

/// Ten ticks of every member of a population, on so many threads.
fn population(members: usize, threads: usize) -> Result<f64, Box<dyn Error>> {
    let (sub_rnn, state) = network(&SubRnnConfig::vsml(), &[64, 10])?;
    let mut states = vec![state; members];
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    Ok(pool
        .install(|| microseconds(|| states.par_iter_mut().for_each(|state| (0..10).for_each(|_| sub_rnn.tick(state))))))
}

fn panels() -> Result<Vec<Panel>, Box<dyn Error>> {
    let vsml = SubRnnConfig::vsml();
    let line = |name: &str, points: Vec<(f64, f64)>| vec![(name.to_string(), points)];
    let mut panels = Vec::new();

    let mut points = Vec::new();
    for inputs in [8, 64, 128, 256, 512, 784] {
        points.push(((inputs * 10) as f64, tick(&vsml, &[inputs, 10])?));
    }
    panels.push(Panel { title: "inputs × outputs", axis: "sub-RNNs (10 outputs)", lines: line("", points) });

    let mut points = Vec::new();
    for hidden_size in [4, 8, 16, 24, 32, 48, 64] {
        let config = SubRnnConfig { hidden_size, ..vsml.clone() };
        points.push((hidden_size as f64, tick(&config, &[64, 10])?));
    }
    panels.push(Panel { title: "hidden size", axis: "N (64 × 10; in steps of 16)", lines: line("", points) });

    let mut points = Vec::new();
    for micro_ticks in [1, 2, 4, 6, 8] {
        let config = SubRnnConfig { micro_ticks, ..vsml.clone() };
        points.push((micro_ticks as f64, tick(&config, &[64, 10])?));
    }
    panels.push(Panel { title: "micro ticks", axis: "micro ticks (64 × 10)", lines: line("", points) });

    let mut points = Vec::new();
    for depth in [1, 2, 4, 6, 8] {
        points.push((depth as f64, tick(&vsml, &vec![24; depth + 1])?));
    }
    panels.push(Panel { title: "depth", axis: "layers of 24 × 24", lines: line("", points) });

    let cores = std::thread::available_parallelism()?.get();
    let mut lines = Vec::new();
    for threads in [1, cores] {
        let mut points = Vec::new();
        for members in [1, 2, 4, 8, 16, 32, 64] {
            points.push((members as f64, population(members, threads)?));
        }
        lines.push((format!("{threads} thread{}", if threads == 1 { "" } else { "s" }), points));
    }
    panels.push(Panel { title: "population", axis: "members (64 × 10, ten ticks each)", lines });
    Ok(panels)
}

fn draw(panels: &[Panel], path: &str) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(path, (1200, 700)).into_drawing_area();
    root.fill(&WHITE)?;
    for (area, panel) in root.split_evenly((2, 3)).iter().zip(panels) {
        let greatest = |of: fn(&(f64, f64)) -> f64| {
            panel.lines.iter().flat_map(|(_, points)| points).map(of).fold(0.0, f64::max) * 1.05
        };
        let mut chart = ChartBuilder::on(area)
            .caption(panel.title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(60)
            .build_cartesian_2d(0.0..greatest(|p| p.0), 0.0..greatest(|p| p.1))?;
        let mut mesh = chart.configure_mesh();
        mesh.x_desc(panel.axis).y_desc("microseconds").x_labels(6).y_labels(6).light_line_style(TRANSPARENT).draw()?;
        for ((name, points), colour) in panel.lines.iter().zip([&BLUE, &RED]) {
            let line = chart.draw_series(LineSeries::new(points.clone(), colour).point_size(3))?;
            if !name.is_empty() {
                line.label(name).legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour));
            }
        }
        if panel.lines.len() > 1 {
            let mut labels = chart.configure_series_labels();
            labels.position(SeriesLabelPosition::UpperLeft).border_style(BLACK).background_style(WHITE).draw()?;
        }
    }
    root.present()?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).unwrap_or("growth.svg".into());
    let panels = panels()?;
    println!("{} kernel; microseconds", Kernel::detect());
    for panel in &panels {
        println!("{}: {}", panel.title, panel.axis);
        for (name, points) in &panel.lines {
            let points: Vec<String> = points.iter().map(|(x, y)| format!("{x}: {y:.2}")).collect();
            println!("  {name} {}", points.join("  "));
        }
    }
    draw(&panels, &path)?;
    println!("drawn in {path}");
    Ok(())
}
