//! The best that can be done with a bandit whose means are uniform and not known: exactly, for few arms or short lives.
//!
//! What a player has seen of an arm is how often it has paid and how often not. The mean of what is then still possible is
//! (paid + 1) / (pulled + 2), and the best play follows by going backwards from the last pull. The known values come from
//! simulations of other make; a player who follows the best play must reach them in the environment.

use crate::{Action, BernoulliBandit, Environment, stream};
use rand::RngExt;
use std::collections::BTreeMap;

/// Expected total reward of the best play with two arms, and the play itself: for each number of pulls so far, how often
/// the first arm was pulled, and how often each has paid, the arm to pull.
struct TwoArms {
    horizon: usize,
    value: f64,
    choices: Vec<Vec<bool>>,
}

impl TwoArms {
    /// The place of (pulls of the first arm, its payments, payments of the second) among those of `pulls` pulls in all.
    fn place(pulls: usize, first: usize, first_paid: usize, second_paid: usize) -> usize {
        let side = pulls + 1;
        (first * side + first_paid) * side + second_paid
    }

    fn solve(horizon: usize) -> Self {
        let mut choices = vec![Vec::new(); horizon];
        let mut values = vec![0.0; (horizon + 1).pow(3)];
        for pulls in (0..horizon).rev() {
            let mut now = vec![0.0; (pulls + 1).pow(3)];
            choices[pulls] = vec![false; now.len()];
            for first in 0..=pulls {
                let second = pulls - first;
                for first_paid in 0..=first {
                    for second_paid in 0..=second {
                        let then = |f, fp, sp| values[Self::place(pulls + 1, f, fp, sp)];
                        let worth = |paid: usize, pulled: usize, good: f64, bad: f64| {
                            let mean = (paid + 1) as f64 / (pulled + 2) as f64;
                            mean * (1.0 + good) + (1.0 - mean) * bad
                        };
                        let pull_first = worth(
                            first_paid,
                            first,
                            then(first + 1, first_paid + 1, second_paid),
                            then(first + 1, first_paid, second_paid),
                        );
                        let pull_second = worth(
                            second_paid,
                            second,
                            then(first, first_paid, second_paid + 1),
                            then(first, first_paid, second_paid),
                        );
                        let place = Self::place(pulls, first, first_paid, second_paid);
                        now[place] = pull_first.max(pull_second);
                        choices[pulls][place] = pull_second > pull_first;
                    }
                }
            }
            values = now;
        }
        TwoArms { horizon, value: values[0], choices }
    }

    /// Lives through `bandit` and returns the total reward.
    fn play(&self, bandit: &mut BernoulliBandit, rng: &mut crate::Rng) -> f64 {
        let (mut first, mut paid) = (0, [0, 0]);
        for pulls in 0..self.horizon {
            let arm = usize::from(self.choices[pulls][Self::place(pulls, first, paid[0], paid[1])]);
            first += 1 - arm;
            paid[arm] += bandit.step(Action::Discrete(arm), rng, &mut [0.0]).reward as usize;
        }
        (paid[0] + paid[1]) as f64
    }
}

/// Expected total reward of the best play with any arms: `arms` holds (paid, pulled) of each, sorted.
fn best(arms: &[(u8, u8)], left: usize, known: &mut BTreeMap<Vec<(u8, u8)>, f64>) -> f64 {
    if left == 0 {
        return 0.0;
    }
    if let Some(&value) = known.get(arms) {
        return value;
    }
    let mut value: f64 = 0.0;
    for arm in 0..arms.len() {
        if arm > 0 && arms[arm] == arms[arm - 1] {
            continue;
        }
        let (paid, pulled) = arms[arm];
        let mean = f64::from(paid + 1) / f64::from(pulled + 2);
        let mut then = |paid: u8| {
            let mut next = arms.to_vec();
            next[arm] = (paid, pulled + 1);
            next.sort_unstable();
            best(&next, left - 1, known)
        };
        let pull = mean * (1.0 + then(paid + 1)) + (1.0 - mean) * then(paid);
        value = value.max(pull);
    }
    known.insert(arms.to_vec(), value);
    value
}

#[test]
fn the_best_value_of_ten_pulls_is_known_of_five_and_ten_arms() {
    for (arms, value) in [(5, 6.660), (10, 6.714)] {
        let found = best(&vec![(0, 0); arms], 10, &mut BTreeMap::new());
        assert!((found - value).abs() < 0.0006, "{arms} arms: {found}");
    }
}

#[test]
fn both_ways_to_find_the_best_play_agree() {
    assert!((best(&[(0, 0); 2], 10, &mut BTreeMap::new()) - TwoArms::solve(10).value).abs() < 1e-12);
    // By hand: the first pull is worth 1/2. If it paid, pull again, 2/3; if not, the other arm, 1/2.
    assert!((TwoArms::solve(2).value - (0.5 + 0.5 * (2.0 / 3.0) + 0.5 * 0.5)).abs() < 1e-15);
}

#[test]
fn the_best_play_loses_1_75_in_a_hundred_pulls_of_two_arms() {
    let best = TwoArms::solve(100);
    // Who knows the better arm gets 2/3 a pull.
    let regret = 200.0 / 3.0 - best.value;
    assert!((regret - 1.748).abs() < 0.0006, "{regret}");

    let mut rng = stream(0, "bayes optimal", &[]);
    let (lives, mut loss, mut square) = (4000.0, 0.0, 0.0);
    for _ in 0..4000 {
        let means: Vec<f64> = vec![rng.random(), rng.random()];
        let greatest = means[0].max(means[1]);
        let lost = 100.0 * greatest - best.play(&mut BernoulliBandit::new(means).unwrap(), &mut rng);
        loss += lost / lives;
        square += lost * lost / lives;
    }
    let error = ((square - loss * loss) / lives).sqrt();
    assert!((loss - regret).abs() < 4.0 * error && error < 0.1, "{loss}, standard error {error}");
}
