//! Who plays Bernoulli bandits as well as they can be played.
//!
//! What is known of independent arms with uniform priors is how often each has paid and failed, and backward induction over
//! all that can come to be known gives the value and the best arm of each state: nobody who does not know more can earn more
//! on the average. There are too many states for large bandits. For two arms they are held in arrays; for more arms, in a map
//! in which arms that have seen the same are exchanged freely, which does for about a dozen pulls.

use super::bandit::Counts;
use crate::learner::{Learner, Unable};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use vsml_envs::{Action, Feedback, Percept, Rng, Space};

/// Most pulls of two arms.
pub const MOST_PULLS_OF_TWO: usize = 100;
/// Most pulls of more arms.
pub const MOST_PULLS_OF_MANY: usize = 12;

/// Successes and failures of an arm.
type Seen = (u8, u8);

/// What the best policy expects to earn, and does.
enum Plan {
    Two(TwoArms),
    Many(BTreeMap<Vec<Seen>, f64>),
}

/// Two arms: after t pulls the state is (s1, f1, s2), each up to t; f2 is what is left.
struct TwoArms {
    value: f64,
    /// For each t, whether the second arm is the better one, by state.
    second: Vec<Vec<bool>>,
}

impl TwoArms {
    fn place(t: usize, s1: usize, f1: usize, s2: usize) -> usize {
        (s1 * (t + 1) + f1) * (t + 1) + s2
    }

    fn compute(pulls: usize) -> Self {
        let mut later = vec![0.0; (pulls + 1).pow(3)];
        let mut second = Vec::new();
        for t in (0..pulls).rev() {
            let mut values = vec![0.0; (t + 1).pow(3)];
            let mut choice = vec![false; values.len()];
            for s1 in 0..=t {
                for f1 in 0..=t - s1 {
                    for s2 in 0..=t - s1 - f1 {
                        let f2 = t - s1 - f1 - s2;
                        let next = |s1, f1, s2| later[Self::place(t + 1, s1, f1, s2)];
                        let mean = |s: usize, f: usize| (s + 1) as f64 / (s + f + 2) as f64;
                        let (p, q) = (mean(s1, f1), mean(s2, f2));
                        let first = p * (1.0 + next(s1 + 1, f1, s2)) + (1.0 - p) * next(s1, f1 + 1, s2);
                        let other = q * (1.0 + next(s1, f1, s2 + 1)) + (1.0 - q) * next(s1, f1, s2);
                        let here = Self::place(t, s1, f1, s2);
                        values[here] = first.max(other);
                        choice[here] = other > first;
                    }
                }
            }
            later = values;
            second.push(choice);
        }
        second.reverse();
        TwoArms { value: later[0], second }
    }
}

/// The state after arm number `arm` of `seen` has paid or failed, in order; an arm beyond the end is one never pulled.
fn after(seen: &[Seen], arm: usize, paid: bool) -> Vec<Seen> {
    let mut next = seen.to_vec();
    if arm == seen.len() {
        next.push((0, 0));
    }
    if paid {
        next[arm].0 += 1;
    } else {
        next[arm].1 += 1;
    }
    next.sort_unstable();
    next
}

/// The values of pulling each arm of `seen`, and, at the end, a new one if there is any; `later` is the value of a state.
fn values(seen: &[Seen], arms: usize, mut later: impl FnMut(Vec<Seen>) -> f64) -> Vec<f64> {
    let choices = (seen.len() + 1).min(arms);
    (0..choices)
        .map(|arm| {
            let (s, f) = seen.get(arm).copied().unwrap_or((0, 0));
            let p = (f64::from(s) + 1.0) / (f64::from(s) + f64::from(f) + 2.0);
            p * (1.0 + later(after(seen, arm, true))) + (1.0 - p) * later(after(seen, arm, false))
        })
        .collect()
}

/// The value of a state with so many pulls left; what was found on the way is in `known`.
fn value(seen: Vec<Seen>, arms: usize, left: usize, known: &mut BTreeMap<Vec<Seen>, f64>) -> f64 {
    if left == 0 {
        return 0.0;
    }
    if let Some(&value) = known.get(&seen) {
        return value;
    }
    let choices = values(&seen, arms, |next| value(next, arms, left - 1, known));
    let best = choices.into_iter().fold(0.0, f64::max);
    known.insert(seen, best);
    best
}

/// Plans are the same for everybody, so they are made once.
static PLANS: Mutex<BTreeMap<(usize, usize), Arc<Plan>>> = Mutex::new(BTreeMap::new());

fn plan(arms: usize, pulls: usize) -> Result<Arc<Plan>, Unable> {
    let most = if arms == 2 { MOST_PULLS_OF_TWO } else { MOST_PULLS_OF_MANY };
    if pulls == 0 || pulls > most {
        return Err(Unable(format!(
            "optimal play of {arms} arms is computed for 1 to {most} pulls, not {pulls}: give `pulls` the length of the lifetime"
        )));
    }
    let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
    let make = || {
        Arc::new(if arms == 2 {
            Plan::Two(TwoArms::compute(pulls))
        } else {
            let mut known = BTreeMap::new();
            value(Vec::new(), arms, pulls, &mut known);
            Plan::Many(known)
        })
    };
    Ok(plans.entry((arms, pulls)).or_insert_with(make).clone())
}

/// What optimal play of independent arms with uniform means earns in `pulls` pulls, on the average: exactly, but for rounding.
///
/// ```
/// // One pull earns a half. Of two arms and two pulls, the second goes to the arm that has just paid, or to the other one.
/// assert_eq!(vsml_agents::players::optimal_reward(3, 1), Ok(0.5));
/// let two = vsml_agents::players::optimal_reward(2, 2).unwrap();
/// assert!((two - (0.5 + 0.5 * 2.0 / 3.0 + 0.5 * 0.5)).abs() < 1e-12);
/// ```
///
/// # Errors
/// If it would take too long: more than [`MOST_PULLS_OF_TWO`] pulls of 2 arms, or [`MOST_PULLS_OF_MANY`] of another number.
pub fn optimal_reward(arms: usize, pulls: usize) -> Result<f64, Unable> {
    Ok(match &*plan(arms, pulls)? {
        Plan::Two(two) => two.value,
        Plan::Many(known) => known.get(&Vec::new()).copied().unwrap_or(0.0),
    })
}

/// Which of two independent arms with uniform means is best to pull, in a lifetime of `pulls` pulls, after each has paid and failed so
/// often (`[paid, failed]` of the first, then of the second); none where both have seen the same.
///
/// ```
/// use vsml_agents::players::optimal_arm;
///
/// assert_eq!(optimal_arm(100, [[0, 0], [0, 0]]), Ok(None));
/// // One arm has paid once and failed once; the other is unknown, and there is time to find out, or there is none.
/// assert_eq!(optimal_arm(100, [[1, 1], [0, 0]]), Ok(Some(1)));
/// assert_eq!(optimal_arm(100, [[60, 20], [1, 2]]), Ok(Some(0)));
/// ```
///
/// # Errors
/// If there are more than [`MOST_PULLS_OF_TWO`], or if none is left.
pub fn optimal_arm(pulls: usize, [first, second]: [[usize; 2]; 2]) -> Result<Option<usize>, Unable> {
    let pulled = first.iter().chain(&second).sum();
    let plan = plan(2, pulls)?;
    let Plan::Two(two) = &*plan else { return Err(Unable("two arms have a plan of two arms".into())) };
    let Some(choices) = two.second.get(pulled) else {
        return Err(Unable(format!("after {pulled} of {pulls} pulls, none is left")));
    };
    let best = usize::from(choices[TwoArms::place(pulled, first[0], first[1], second[0])]);
    Ok((first != second).then_some(best))
}

/// The optimal player of Bernoulli bandits with independent arms, in lifetimes of a known number of pulls.
pub struct Optimal {
    pulls: usize,
    counts: Counts,
    arms: usize,
    pulled: usize,
    plan: Option<Arc<Plan>>,
}

impl Optimal {
    /// For lifetimes of `pulls` pulls.
    pub fn new(pulls: usize) -> Self {
        Optimal { pulls, counts: Counts::default(), arms: 0, pulled: 0, plan: None }
    }
}

impl Learner for Optimal {
    fn begin(&mut self, observation: &Space, action: &Space, _: &mut Rng) -> Result<(), Unable> {
        self.counts.begin("the optimal player", observation, action)?;
        self.arms = action.flat_len();
        self.pulled = 0;
        self.plan = Some(plan(self.arms, self.pulls)?);
        Ok(())
    }

    fn act(&mut self, _: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        self.counts.only_zero_or_one("the optimal player")?;
        if self.pulled == self.pulls {
            return Err(Unable(format!("the lifetime is longer than the {} pulls that were planned", self.pulls)));
        }
        let Some(plan) = self.plan.clone() else { return Err(Unable("no life has begun".into())) };
        let t = self.pulled;
        self.pulled += 1;
        let seen = |counts: &Counts, arm: usize| {
            let (successes, pulls) = counts.of(arm);
            (successes, pulls - successes)
        };
        match &*plan {
            Plan::Two(two) => {
                let ((s1, f1), (s2, _)) = (seen(&self.counts, 0), seen(&self.counts, 1));
                let best = usize::from(two.second[t][TwoArms::place(t, s1, f1, s2)]);
                Ok(self.counts.pull(rng, |_, arm, _| f64::from(arm == best)))
            }
            Plan::Many(known) => {
                let mut touched: Vec<Seen> = (0..self.arms)
                    .map(|arm| seen(&self.counts, arm))
                    .filter(|&state| state != (0, 0))
                    .map(|(s, f)| (s as u8, f as u8))
                    .collect();
                touched.sort_unstable();
                // The last pull leads to nothing that is in the map.
                let values = values(&touched, self.arms, |next| known.get(&next).copied().unwrap_or(0.0));
                Ok(self.counts.pull(rng, |counts, arm, _| {
                    let (s, f) = seen(counts, arm);
                    let place = touched.iter().position(|&(a, b)| (usize::from(a), usize::from(b)) == (s, f));
                    values[place.unwrap_or(touched.len())]
                }))
            }
        }
    }

    fn feedback(&mut self, feedback: &Feedback) {
        self.counts.count(feedback);
    }
}
