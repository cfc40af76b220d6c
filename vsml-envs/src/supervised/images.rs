//! A stream of labelled images, whichever file they are from.
//!
//! Images are kept as the bytes that they were read as, shared by all tasks; a task is a choice of classes. Examples come
//! in a random order without replacement: one step of a shuffle for each, so neither a step nor a reset costs more than
//! its own example, and after the last one the shuffle goes on from the order that there is, which is as random as a new.

use super::idx_file::{IdxImages, MAX_PIXELS};
use super::resize::resize;
use super::{Examples, SupervisedStream, check_count};
use crate::{Environment, Rng, Space};
use rand::RngExt;
use rand::seq::SliceRandom;
use std::sync::Arc;

/// Images of all classes and what they show.
#[derive(Debug)]
pub(super) struct Images {
    height: usize,
    width: usize,
    /// Image by image, row by row.
    pixels: Vec<u8>,
    /// Of each image, one of `0..classes`.
    labels: Vec<u8>,
    classes: usize,
    /// The number that stands in an observation for each value of a pixel.
    numbers: [f32; 256],
    /// The greatest value of a pixel.
    white: u8,
}

impl Images {
    /// Images with as many labels. `white` is the greatest value of a pixel and `mean` the average one: an observation
    /// holds `(pixel - mean) / white`. Values of labels that do not occur are closed up: 1 to 26 become 0 to 25.
    pub fn new(images: IdxImages, labels: &[u8], white: u8, mean: f64) -> Self {
        let mut occurs = [false; 256];
        labels.iter().for_each(|&label| occurs[usize::from(label)] = true);
        let rank = |label: u8| occurs[..usize::from(label)].iter().filter(|&&occurs| occurs).count() as u8;
        Images {
            height: images.height,
            width: images.width,
            pixels: images.pixels,
            labels: labels.iter().map(|&label| rank(label)).collect(),
            classes: occurs.iter().filter(|&&occurs| occurs).count(),
            numbers: std::array::from_fn(|pixel| ((pixel as f64 - mean) / f64::from(white)) as f32),
            white,
        }
    }

    /// The average pixel.
    pub fn mean(pixels: &[u8]) -> f64 {
        pixels.iter().map(|&pixel| u64::from(pixel)).sum::<u64>() as f64 / pixels.len() as f64
    }

    /// The same with `side` x `side` pixels each; 0 leaves them as they are.
    ///
    /// # Errors
    /// If that would be too much to keep.
    pub fn resized(self, side: usize) -> Result<Self, String> {
        if side == 0 {
            return Ok(self);
        }
        let pixels = self.labels.len() as u64 * (side * side) as u64;
        if pixels > MAX_PIXELS {
            return Err(format!("`resize` is {side}: that makes {pixels} pixels, and at most {MAX_PIXELS} are kept"));
        }
        let gain = 255.0 / f64::from(self.white);
        let pixels = resize(&self.pixels, self.height, self.width, side, gain);
        // Black and white keep their numbers, between which there are 256 levels now.
        let (black, white) = (f64::from(self.numbers[0]), f64::from(self.numbers[usize::from(self.white)]));
        let numbers = std::array::from_fn(|pixel| (black + (white - black) * pixel as f64 / 255.0) as f32);
        Ok(Images { height: side, width: side, pixels, numbers, white: 255, ..self })
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Draws a task: `classes` of the classes, under names in random order, or all of them under their own if `classes` is 0.
    pub fn task(self: &Arc<Self>, classes: usize, rng: &mut Rng) -> Box<dyn Environment> {
        let mut order: Vec<u8> = (0..self.classes).map(|class| class as u8).collect();
        if classes > 0 {
            order.shuffle(rng);
            order.truncate(classes);
        }
        let name_of = |label: u8| order.iter().position(|&kept| kept == label);
        let names: Vec<Option<usize>> = (0..self.classes).map(|label| name_of(label as u8)).collect();
        let kept = (0..self.labels.len() as u32)
            .filter(|&image| names[usize::from(self.labels[image as usize])].is_some())
            .collect();
        let stream = ImageStream { images: self.clone(), names, classes: order.len(), order: kept, drawn: 0 };
        Box::new(SupervisedStream::new(stream))
    }
}

/// Refuses what no images could be asked for.
pub(super) fn check(resize: usize, classes: usize) -> Result<(), String> {
    check_count("resize", resize, 0, 1024)?;
    check_count("classes", classes, 0, 256)
}

/// The images of one task.
#[derive(Clone)]
struct ImageStream {
    images: Arc<Images>,
    /// The name of each class in this task, if it is kept.
    names: Vec<Option<usize>>,
    classes: usize,
    /// The images of the classes that are kept; those before `drawn` have been shown since the last was.
    order: Vec<u32>,
    drawn: usize,
}

impl Examples for ImageStream {
    fn space(&self) -> Space {
        let Images { height, width, ref numbers, white, .. } = *self.images;
        let len = height * width;
        let (low, high) = (numbers[0], numbers[usize::from(white)]);
        Space::Box { low: vec![low; len], high: vec![high; len], shape: vec![height, width] }
    }

    fn classes(&self) -> usize {
        self.classes
    }

    fn draw(&mut self, rng: &mut Rng, input: &mut [f32]) -> usize {
        if self.drawn == self.order.len() {
            self.drawn = 0;
        }
        let chosen = rng.random_range(self.drawn as u64..self.order.len() as u64) as usize;
        self.order.swap(self.drawn, chosen);
        let image = self.order[self.drawn] as usize;
        self.drawn += 1;
        let pixels = &self.images.pixels[image * input.len()..][..input.len()];
        for (number, &pixel) in input.iter_mut().zip(pixels) {
            *number = self.images.numbers[usize::from(pixel)];
        }
        // Every class of an image in `order` has a name.
        self.names[usize::from(self.images.labels[image])].unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, stream};
    use std::collections::{BTreeMap, BTreeSet};

    /// Thirty images of one pixel, which is its number; class 5 (of 5, 7 and 9) has pixels 0, 3, 6 and so on.
    fn images() -> Arc<Images> {
        let pixels: Vec<u8> = (0..30).collect();
        let labels: Vec<u8> = (0..30).map(|i| 5 + 2 * (i % 3)).collect();
        Arc::new(Images::new(IdxImages { height: 1, width: 1, pixels }, &labels, 29, 14.5))
    }

    /// The pixels and names of `count` examples.
    fn lived(classes: usize, task: u64, count: usize) -> Vec<(u8, usize)> {
        let mut rng = stream(0, "images", &[task]);
        let mut environment = images().task(classes, &mut rng);
        let mut observation = [0.0];
        environment.reset(&mut rng, &mut observation);
        let mut step = |_| {
            let pixel = (observation[0] * 29.0 + 14.5).round() as u8;
            environment.step(Action::Discrete(0), &mut rng, &mut observation);
            (pixel, environment.target().unwrap())
        };
        (0..count).map(&mut step).collect()
    }

    #[test]
    fn all_classes_keep_their_order_and_gaps_are_closed() {
        for (pixel, name) in lived(0, 0, 100) {
            assert_eq!(name, usize::from(pixel % 3));
        }
    }

    #[test]
    fn every_image_comes_once_before_any_comes_again() {
        let seen = lived(0, 0, 300);
        let mut orders = BTreeSet::new();
        for pass in seen.chunks(30) {
            let pixels: Vec<u8> = pass.iter().map(|&(pixel, _)| pixel).collect();
            assert_eq!(pixels.iter().collect::<BTreeSet<_>>().len(), 30);
            orders.insert(pixels);
        }
        assert_eq!(orders.len(), 10, "each pass has an order of its own");
    }

    #[test]
    fn a_task_keeps_some_classes_under_names_of_its_own() {
        let mut tasks = BTreeMap::new();
        for task in 0..600 {
            let mut classes = BTreeMap::new();
            for (pixel, name) in lived(2, task, 60) {
                assert_eq!(*classes.entry(pixel % 3).or_insert(name), name, "a class has one name");
            }
            assert_eq!(classes.values().copied().collect::<BTreeSet<_>>(), BTreeSet::from([0, 1]));
            *tasks.entry(classes).or_insert(0) += 1;
        }
        // 100 of each of the six; the standard deviation is 9.
        assert!(tasks.len() == 6 && tasks.values().all(|count| (65..135).contains(count)), "{tasks:?}");
    }

    #[test]
    fn resizing_keeps_black_white_and_labels() {
        let pixels: Vec<u8> = (0..32).map(|i| if i < 16 { 0 } else { 16 }).collect();
        let images = Images::new(IdxImages { height: 4, width: 4, pixels }, &[3, 8], 16, 8.0);
        let resized = Arc::new(images.resized(2).unwrap());
        let mut rng = stream(0, "images", &[]);
        let mut environment = resized.task(0, &mut rng);
        assert_eq!(
            environment.observation_space(),
            Space::Box { low: vec![-0.5; 4], high: vec![0.5; 4], shape: vec![2, 2] }
        );
        let mut observation = [0.0; 4];
        environment.reset(&mut rng, &mut observation);
        for _ in 0..10 {
            let before = observation;
            environment.step(Action::Discrete(0), &mut rng, &mut observation);
            assert_eq!(before, [environment.target().unwrap() as f32 - 0.5; 4]);
        }
        let error = images_of_a_million().resized(1024).unwrap_err();
        assert!(error.contains("`resize` is 1024"), "{error}");
    }

    fn images_of_a_million() -> Images {
        Images::new(IdxImages { height: 1, width: 1, pixels: vec![0; 1 << 20] }, &vec![0; 1 << 20], 255, 0.0)
    }
}
