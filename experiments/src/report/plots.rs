//! The plots of a report, as SVG.
//!
//! Axes and text are drawn in a grey that can be read on white and on black; the lines are in the colours of Okabe and Ito,
//! which those who see colours otherwise can tell apart too. The trained learner's line is thick, the players' thin.

use crate::benchmark::ProgressPoint;
use crate::phases::ScoreKind;
use crate::table::rounded;
use anyhow::{Result, anyhow};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use std::ops::Range;
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

/// Which kind of number the training curve shows: scores of the present kind, or fitness where none has been found yet.
pub fn shown(metrics: &[GenerationMetrics], (kind, since): (ScoreKind, u64)) -> ScoreKind {
    let of_kind = metrics.iter().filter(|metrics| metrics.generation > since);
    let scored = of_kind.filter_map(|metrics| metrics.validation.as_ref()?.score).next().is_some();
    if scored { kind } else { ScoreKind::Reward }
}

/// The training curve: mean fitness with a band of one deviation, and the score of validation, with a rule where each phase
/// begins; none where there is nothing to draw. Where that score is another kind of number than fitness, it stands alone; it is
/// drawn from the generation on after which it has been of its kind.
pub fn training(
    metrics: &[GenerationMetrics],
    phases: &[u64],
    (kind, since): (ScoreKind, u64),
) -> Result<Option<String>> {
    let kind = shown(metrics, (kind, since));
    let per_point = metrics.len().div_ceil(TRAINING_POINTS).max(1);
    let chunks = metrics.chunks(per_point).filter(|_| kind == ScoreKind::Reward);
    let fitness: Vec<[f64; 3]> = chunks.filter_map(averaged).collect();
    let of_kind = |metrics: &&GenerationMetrics| metrics.generation > since;
    let score = |metrics: &GenerationMetrics| Some(metrics).filter(of_kind)?.validation.as_ref()?.score;
    let validation = validated(metrics, score);
    let ends = fitness.iter().flat_map(|[_, mean, deviation]| [mean - deviation, mean + deviation]);
    let Some(range) = padded(ends.chain(validation.iter().map(|(_, score)| *score))) else { return Ok(None) };
    let frame = Frame {
        size: (900, 340),
        text: 13,
        x: "generation",
        y: if kind == ScoreKind::Reward { "fitness" } else { "score" },
    };
    let plot = frame.draw(until(metrics), range, |chart| {
        rules(chart, phases)?;
        let above = fitness.iter().map(|[x, mean, deviation]| (*x, mean + deviation));
        let below = fitness.iter().rev().map(|[x, mean, deviation]| (*x, mean - deviation));
        let band: Vec<(f64, f64)> = above.chain(below).collect();
        chart.draw_series([Polygon::new(band, COLOURS[0].mix(0.15))]).map_err(failed)?;
        let mean = fitness.iter().map(|[x, mean, _]| (*x, *mean));
        chart.draw_series(LineSeries::new(mean, COLOURS[0].stroke_width(1))).map_err(failed)?;
        dotted(chart, &validation)
    })?;
    Ok(Some(plot))
}

/// Reward in one scenario as training goes on; none where it was never validated.
pub fn scenario(metrics: &[GenerationMetrics], phases: &[u64], id: &str) -> Result<Option<String>> {
    let reward = |metrics: &GenerationMetrics| metrics.validation.as_ref()?.reward.get(id).copied().flatten();
    let validation = validated(metrics, reward);
    let Some(range) = padded(validation.iter().map(|(_, reward)| *reward)) else { return Ok(None) };
    let frame = Frame { size: (420, 220), text: 12, x: "generation", y: "reward" };
    let plot = frame.draw(until(metrics), range, |chart| {
        rules(chart, phases)?;
        dotted(chart, &validation)
    })?;
    Ok(Some(plot))
}

/// Validation as training goes on, of learners in these places: the mean over seeds and the band of all of them; none where
/// there is nothing to draw.
pub fn learning(learners: &[(usize, &[ProgressPoint])]) -> Result<Option<String>> {
    let points = || learners.iter().flat_map(|(_, points)| points.iter());
    let Some(range) = padded(points().flat_map(|point| [point.least, point.greatest])) else { return Ok(None) };
    let millions = |steps: f64| steps / 1e6;
    let last = points().map(|point| millions(point.steps)).fold(0.0, f64::max);
    let frame = Frame { size: (460, 260), text: 12, x: "million steps", y: "validation" };
    let plot = frame.draw(last.max(f64::MIN_POSITIVE), range, |chart| {
        for (place, points) in learners.iter().rev() {
            let points = thinned(points);
            let above = points.iter().map(|point| (millions(point.steps), point.greatest));
            let below = points.iter().rev().map(|point| (millions(point.steps), point.least));
            let mean = points.iter().map(|point| (millions(point.steps), point.mean));
            line(chart, *place, above.chain(below).collect(), mean)?;
        }
        Ok(())
    })?;
    Ok(Some(plot))
}

/// Reward within the lifetime, one line per learner; none where nobody lived.
pub fn lifetime(curves: &[Option<&Curve>]) -> Result<Option<String>> {
    let present = || curves.iter().flatten().filter(|curve| !curve.mean.is_empty());
    let ends = present().flat_map(|curve| {
        curve.mean.iter().zip(&curve.standard_error).flat_map(|(mean, error)| [mean - error, mean + error])
    });
    let (Some(range), Some(first)) = (padded(ends), present().next()) else { return Ok(None) };
    let last = present().filter_map(|curve| curve.x.last()).copied().fold(1.0, f64::max);
    let unit = &first.unit;
    let (x, y) = (format!("{unit} of the lifetime"), format!("reward per {unit}"));
    let frame = Frame { size: (420, 250), text: 12, x: &x, y: &y };
    let plot = frame.draw(last, range, |chart| {
        // The first learner last, so that it lies on top.
        for (place, curve) in curves.iter().enumerate().rev() {
            let Some(curve) = curve else { continue };
            let points = || curve.x.iter().zip(curve.mean.iter().zip(&curve.standard_error));
            let above = points().map(|(x, (mean, error))| (*x, mean + error));
            let below = points().rev().map(|(x, (mean, error))| (*x, mean - error));
            line(chart, place, above.chain(below).collect(), points().map(|(x, (mean, _))| (*x, *mean)))?;
        }
        Ok(())
    })?;
    Ok(Some(plot))
}

/// What is around a plot.
struct Frame<'a> {
    /// Width and height in pixels, of which text is so many high.
    size: (u32, u32),
    text: u32,
    /// What is to the right, and what up.
    x: &'a str,
    y: &'a str,
}

impl Frame<'_> {
    /// Axes from 0 to `last` and over `range`, and what `inside` draws.
    fn draw(
        &self,
        last: f64,
        range: Range<f64>,
        inside: impl FnOnce(&mut Chart<'_, '_>) -> Result<()>,
    ) -> Result<String> {
        let mut svg = String::new();
        {
            let area = SVGBackend::with_string(&mut svg, self.size).into_drawing_area();
            let mut chart = ChartBuilder::on(&area)
                .margin(8)
                .x_label_area_size(3 * self.text + 2)
                .y_label_area_size(5 * self.text - 2)
                .build_cartesian_2d(0.0..last, range)
                .map_err(failed)?;
            axes(&mut chart, self.text, self.x, self.y)?;
            inside(&mut chart)?;
            area.present().map_err(failed)?;
        }
        Ok(scalable(&svg))
    }
}

/// The last generation.
fn until(metrics: &[GenerationMetrics]) -> f64 {
    metrics.last().map_or(1.0, |metrics| metrics.generation as f64).max(1.0)
}

/// Generations that were validated, and what `of` says of them.
fn validated(metrics: &[GenerationMetrics], of: impl Fn(&GenerationMetrics) -> Option<f64>) -> Vec<(f64, f64)> {
    let points: Vec<(f64, f64)> =
        metrics.iter().filter_map(|metrics| Some((metrics.generation as f64, of(metrics)?))).collect();
    thinned(&points)
}

/// A rule from top to bottom at each of these generations.
fn rules(chart: &mut Chart<'_, '_>, generations: &[u64]) -> Result<()> {
    let Range { start, end } = chart.y_range();
    for generation in generations {
        let x = *generation as f64;
        chart.draw_series(LineSeries::new([(x, start), (x, end)], GREY.mix(0.5).stroke_width(1))).map_err(failed)?;
    }
    Ok(())
}

/// A line with its points.
fn dotted(chart: &mut Chart<'_, '_>, points: &[(f64, f64)]) -> Result<()> {
    chart.draw_series(LineSeries::new(points.iter().copied(), COLOURS[1].stroke_width(2))).map_err(failed)?;
    chart.draw_series(points.iter().map(|point| Circle::new(*point, 2, COLOURS[1].filled()))).map_err(failed)?;
    Ok(())
}

/// The line of the learner in this place, and the band around it; that of the first one is thick.
fn line(
    chart: &mut Chart<'_, '_>,
    place: usize,
    band: Vec<(f64, f64)>,
    mean: impl Iterator<Item = (f64, f64)>,
) -> Result<()> {
    chart.draw_series([Polygon::new(band, paint(place).mix(0.15))]).map_err(failed)?;
    let width = if place == 0 { 3 } else { 1 };
    chart.draw_series(LineSeries::new(mean, paint(place).stroke_width(width))).map_err(failed)?;
    Ok(())
}

/// Draws the axes and horizontal rules, with text of `size` pixels.
fn axes(chart: &mut Chart<'_, '_>, size: u32, x: &str, y: &str) -> Result<()> {
    let (along, up) = (chart.x_range(), chart.y_range());
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
        .x_label_formatter(&|x| tick(*x, &along))
        .y_label_formatter(&|y| tick(*y, &up))
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
fn thinned<T: Copy>(points: &[T]) -> Vec<T> {
    let step = points.len().div_ceil(TRAINING_POINTS / 4).max(1);
    let mut kept: Vec<T> = points.iter().rev().step_by(step).copied().collect();
    kept.reverse();
    kept
}

/// From the least to the greatest of finite values, with some room; none where there is none.
fn padded(values: impl Iterator<Item = f64>) -> Option<Range<f64>> {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    let room = if high > low { 0.05 * (high - low) } else { 0.5_f64.max(0.05 * high.abs()) };
    let range = low - room..high + room;
    (low <= high && (range.end - range.start).is_finite()).then_some(range)
}

/// A label of an axis that is so long: as many digits as tell neighbours apart.
fn tick(value: f64, Range { start, end }: &Range<f64>) -> String {
    // Labels are a twentieth of the axis apart at least.
    let apart = |digits: &usize| 0.05 * (end - start) * 10_f64.powi(*digits as i32) >= 1.0;
    let text = rounded(value, (0..9).find(apart).unwrap_or(9));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

/// Lets the drawing take the width that the page gives it.
fn scalable(svg: &str) -> String {
    let Some((size, rest)) = svg.split_once(" viewBox") else { return svg.to_string() };
    let tag = size.split(" width").next().unwrap_or(size);
    format!("{tag} viewBox{rest}")
}
