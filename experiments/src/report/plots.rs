//! The plots of a report, as SVG.
//!
//! Axes and text are drawn in a grey that can be read on white and on black; the lines are in the colours of Okabe and Ito,
//! which those who see colours otherwise can tell apart too. The trained learner's line is thick, the players' thin.

use crate::benchmark::ProgressPoint;
use anyhow::{Result, anyhow};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use vsml_agents::{Curve, GenerationMetrics};

/// Okabe and Ito, the most striking first.
const COLOURS: [RGBColor; 8] = [
    RGBColor(213, 94, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(140, 140, 140),
    RGBColor(168, 156, 20),
];
const GREY: RGBColor = RGBColor(128, 128, 128);
const FAINT: RGBAColor = RGBAColor(128, 128, 128, 0.2);

/// Points of a training curve at most; more generations are averaged over equal stretches.
const TRAINING_POINTS: usize = 500;

type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// The colour of the learner in this place; after all have been used, half as strong.
fn paint(place: usize) -> RGBColor {
    let RGBColor(red, green, blue) = COLOURS[place % COLOURS.len()];
    let weaker = |part: u8| if (place / COLOURS.len()).is_multiple_of(2) { part } else { part / 2 + 64 };
    RGBColor(weaker(red), weaker(green), weaker(blue))
}

/// The colour of the learner in this place, for legends: `#d55e00`.
pub fn colour(place: usize) -> String {
    let RGBColor(red, green, blue) = paint(place);
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// The training curve: mean fitness with a band of one deviation, and validation; none where there is nothing to draw.
pub fn training(metrics: &[GenerationMetrics]) -> Result<Option<String>> {
    let per_point = metrics.len().div_ceil(TRAINING_POINTS).max(1);
    let fitness: Vec<[f64; 3]> = metrics.chunks(per_point).filter_map(averaged).collect();
    let validation: Vec<(f64, f64)> = metrics
        .iter()
        .filter_map(|metrics| Some((metrics.generation as f64, metrics.validation.as_ref()?.score?)))
        .collect();
    let validation = thinned(&validation);
    let ends = fitness.iter().flat_map(|[_, mean, deviation]| [mean - deviation, mean + deviation]);
    let Some(range) = padded(ends.chain(validation.iter().map(|(_, score)| *score))) else { return Ok(None) };
    let last = metrics.last().map_or(1.0, |metrics| metrics.generation as f64);

    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (900, 340)).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(10)
            .x_label_area_size(42)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..last.max(1.0), range)
            .map_err(failed)?;
        axes(&mut chart, 13, "generation", "fitness")?;
        let above = fitness.iter().map(|[x, mean, deviation]| (*x, mean + deviation));
        let below = fitness.iter().rev().map(|[x, mean, deviation]| (*x, mean - deviation));
        let band: Vec<(f64, f64)> = above.chain(below).collect();
        chart.draw_series([Polygon::new(band, COLOURS[0].mix(0.15))]).map_err(failed)?;
        let mean = fitness.iter().map(|[x, mean, _]| (*x, *mean));
        chart.draw_series(LineSeries::new(mean, COLOURS[0].stroke_width(1))).map_err(failed)?;
        chart.draw_series(LineSeries::new(validation.iter().copied(), COLOURS[1].stroke_width(2))).map_err(failed)?;
        chart
            .draw_series(validation.iter().map(|point| Circle::new(*point, 2, COLOURS[1].filled())))
            .map_err(failed)?;
        area.present().map_err(failed)?;
    }
    Ok(Some(scalable(&svg)))
}

/// Validation as training goes on, of learners in these places: the mean over seeds and the band of all of them; none where
/// there is nothing to draw.
pub fn learning(learners: &[(usize, &[ProgressPoint])]) -> Result<Option<String>> {
    let points = || learners.iter().flat_map(|(_, points)| points.iter());
    let Some(range) = padded(points().flat_map(|point| [point.least, point.greatest])) else { return Ok(None) };
    let millions = |steps: f64| steps / 1e6;
    let last = points().map(|point| millions(point.steps)).fold(0.0, f64::max);

    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (460, 260)).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(8)
            .x_label_area_size(40)
            .y_label_area_size(58)
            .build_cartesian_2d(0.0..last.max(f64::MIN_POSITIVE), range)
            .map_err(failed)?;
        axes(&mut chart, 12, "million steps", "validation")?;
        for (place, points) in learners.iter().rev() {
            let per_point = points.len().div_ceil(TRAINING_POINTS / 4).max(1);
            let points: Vec<ProgressPoint> = points.iter().step_by(per_point).copied().collect();
            let above = points.iter().map(|point| (millions(point.steps), point.greatest));
            let below = points.iter().rev().map(|point| (millions(point.steps), point.least));
            let band: Vec<(f64, f64)> = above.chain(below).collect();
            chart.draw_series([Polygon::new(band, paint(*place).mix(0.15))]).map_err(failed)?;
            let mean = points.iter().map(|point| (millions(point.steps), point.mean));
            let width = if *place == 0 { 3 } else { 1 };
            chart.draw_series(LineSeries::new(mean, paint(*place).stroke_width(width))).map_err(failed)?;
        }
        area.present().map_err(failed)?;
    }
    Ok(Some(scalable(&svg)))
}

/// Reward within the lifetime, one line per learner; none where nobody lived.
pub fn lifetime(curves: &[Option<&Curve>]) -> Result<Option<String>> {
    let present = || curves.iter().flatten().filter(|curve| !curve.mean.is_empty());
    let ends = present().flat_map(|curve| {
        curve.mean.iter().zip(&curve.standard_error).flat_map(|(mean, error)| [mean - error, mean + error])
    });
    let (Some(range), Some(first)) = (padded(ends), present().next()) else { return Ok(None) };
    let last = present().filter_map(|curve| curve.x.last()).copied().fold(1.0, f64::max);

    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (420, 250)).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(8)
            .x_label_area_size(38)
            .y_label_area_size(58)
            .build_cartesian_2d(0.0..last, range)
            .map_err(failed)?;
        let unit = &first.unit;
        axes(&mut chart, 12, &format!("{unit} of the lifetime"), &format!("reward per {unit}"))?;
        // The first learner last, so that it lies on top.
        for (place, curve) in curves.iter().enumerate().rev() {
            let Some(curve) = curve else { continue };
            let colour = paint(place);
            let points = || curve.x.iter().zip(curve.mean.iter().zip(&curve.standard_error));
            let above = points().map(|(x, (mean, error))| (*x, mean + error));
            let below = points().rev().map(|(x, (mean, error))| (*x, mean - error));
            let band: Vec<(f64, f64)> = above.chain(below).collect();
            chart.draw_series([Polygon::new(band, colour.mix(0.15))]).map_err(failed)?;
            let width = if place == 0 { 3 } else { 1 };
            let line = points().map(|(x, (mean, _))| (*x, *mean));
            chart.draw_series(LineSeries::new(line, colour.stroke_width(width))).map_err(failed)?;
        }
        area.present().map_err(failed)?;
    }
    Ok(Some(scalable(&svg)))
}

/// Draws the axes and horizontal rules, with text of `size` pixels.
fn axes(chart: &mut Chart<'_, '_>, size: u32, x: &str, y: &str) -> Result<()> {
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(FAINT)
        .axis_style(GREY)
        .label_style(("sans-serif", size).into_font().color(&GREY))
        .x_labels(9)
        .y_labels(7)
        .x_desc(x)
        .y_desc(y)
        .x_label_formatter(&|x| tick(*x))
        .y_label_formatter(&|y| tick(*y))
        .draw()
        .map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("a plot could not be drawn: {error}")
}

/// Middle generation, mean and deviation of fitness, averaged over a stretch of generations.
fn averaged(stretch: &[GenerationMetrics]) -> Option<[f64; 3]> {
    let valid: Vec<[f64; 3]> =
        stretch.iter().filter_map(|m| Some([m.generation as f64, m.fitness_mean?, m.fitness_deviation?])).collect();
    let mean = |i: usize| valid.iter().map(|point| point[i]).sum::<f64>() / valid.len() as f64;
    (!valid.is_empty()).then(|| [mean(0), mean(1), mean(2)])
}

/// At most as many points as a plot can show, at equal distances, the last one among them.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let step = points.len().div_ceil(TRAINING_POINTS / 4).max(1);
    let mut kept: Vec<(f64, f64)> = points.iter().rev().step_by(step).copied().collect();
    kept.reverse();
    kept
}

/// From the least to the greatest of finite values, with some room; none where there is none.
fn padded(values: impl Iterator<Item = f64>) -> Option<std::ops::Range<f64>> {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    let room = if high > low { 0.05 * (high - low) } else { 0.5_f64.max(0.05 * high.abs()) };
    (low <= high).then_some(low - room..high + room)
}

/// A label of an axis: as many digits as tell neighbours apart.
fn tick(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// Lets the drawing take the width that the page gives it.
fn scalable(svg: &str) -> String {
    let Some((size, rest)) = svg.split_once(" viewBox") else { return svg.to_string() };
    let tag = size.split(" width").next().unwrap_or(size);
    format!("{tag} viewBox{rest}")
}
