//! Tables solved exactly: what a player who knows the true process can get, and how.
//!
//! Value iteration, over a number of steps or with a discount. This is the oracle that learners are measured against and
//! the way in which known optima are checked; it is not for learners.

use super::table::Table;

/// The best play over a limited number of steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    states: usize,
    /// `values[left * states + state]`, for 0 to `horizon` steps left.
    values: Vec<f64>,
    /// `actions[(left - 1) * states + state]`, for 1 to `horizon` steps left.
    actions: Vec<usize>,
}

impl Plan {
    /// The expected return from `state` with so many steps left.
    ///
    /// # Panics
    /// If there is no such state, or more steps are left than were planned.
    pub fn value(&self, steps_left: usize, state: usize) -> f64 {
        self.values(steps_left)[state]
    }

    /// The expected return from each state with so many steps left.
    ///
    /// # Panics
    /// If more steps are left than were planned.
    pub fn values(&self, steps_left: usize) -> &[f64] {
        &self.values[steps_left * self.states..][..self.states]
    }

    /// The best action in `state` with so many steps left: the first of equals.
    ///
    /// # Panics
    /// If there is no such state, no step is left, or more than were planned.
    pub fn action(&self, steps_left: usize, state: usize) -> usize {
        self.actions[(steps_left - 1) * self.states..][..self.states][state]
    }
}

impl Table {
    /// The expected return of `action` in `state` if what follows is worth `values`, from the next step on.
    ///
    /// # Panics
    /// If there is no such state or action, or not a value for each state.
    pub fn action_value(&self, state: usize, action: usize, discount: f64, values: &[f64]) -> f64 {
        let worth = |next: usize, terminated: bool| if terminated { 0.0 } else { discount * values[next] };
        let outcomes = self.outcomes(state, action).iter();
        outcomes.map(|outcome| outcome.probability * (outcome.reward + worth(outcome.next, outcome.terminated))).sum()
    }

    /// The best action in `state` if what follows is worth `values`, the first of equals, and its expected return.
    ///
    /// # Panics
    /// If there is no such state, or not a value for each state.
    pub fn best_action(&self, state: usize, discount: f64, values: &[f64]) -> (usize, f64) {
        let mut best = (0, self.action_value(state, 0, discount, values));
        for action in 1..self.actions() {
            let value = self.action_value(state, action, discount, values);
            if value > best.1 {
                best = (action, value);
            }
        }
        best
    }

    /// The best play over `horizon` steps, of which the later count for less by `discount` each (1: all count alike).
    pub fn plan(&self, horizon: usize, discount: f64) -> Plan {
        let states = self.states();
        let mut plan = Plan { states, values: vec![0.0; states], actions: Vec::new() };
        for left in 1..=horizon {
            for state in 0..states {
                let (action, value) = self.best_action(state, discount, plan.values(left - 1));
                plan.actions.push(action);
                plan.values.push(value);
            }
        }
        plan
    }

    /// The greatest expected discounted return from each state, over as many steps as there are, to within `tolerance`.
    ///
    /// # Panics
    /// If `discount` is not in `[0, 1)` or `tolerance` is not positive: there would be no end.
    pub fn optimal_values(&self, discount: f64, tolerance: f64) -> Vec<f64> {
        assert!((0.0..1.0).contains(&discount), "a discount of {discount} is not in [0, 1)");
        assert!(tolerance > 0.0, "a tolerance of {tolerance} is not positive");
        let mut values = vec![0.0; self.states()];
        loop {
            let next: Vec<f64> = (0..self.states()).map(|state| self.best_action(state, discount, &values).1).collect();
            let change = values.iter().zip(&next).map(|(old, new)| (old - new).abs()).fold(0.0, f64::max);
            values = next;
            // What all later rounds can still add up to.
            let left = change * discount / (1.0 - discount);
            let rounding = f64::EPSILON * values.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
            if left <= tolerance || change <= rounding {
                return values;
            }
        }
    }

    /// What `values` are worth at the start of an episode, on the average.
    ///
    /// # Panics
    /// If there is not a value for each state.
    pub fn start_value(&self, values: &[f64]) -> f64 {
        assert_eq!(values.len(), self.states());
        self.start().iter().zip(values).map(|(probability, value)| probability * value).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::Outcome;
    use super::*;

    /// From state 0, action 0 pays 1 and stays; action 1 pays nothing and leads to state 1, where action 0 pays 3 and ends
    /// the episode with probability 1/2, and action 1 does as action 0 in state 0.
    fn table() -> Table {
        let stay = |state| vec![Outcome::certain(state, 1.0)];
        let half = Outcome::certain(1, 3.0).with_probability(0.5);
        let rows = [stay(0), vec![Outcome::certain(1, 0.0)], vec![Outcome { terminated: true, ..half }, half], stay(1)];
        Table::new(2, &rows, vec![0.75, 0.25]).unwrap()
    }

    #[test]
    fn a_plan_is_what_one_finds_by_hand() {
        let plan = table().plan(3, 1.0);
        assert_eq!([0, 1, 2, 3].map(|left| plan.value(left, 1)), [0.0, 3.0, 4.5, 5.5]);
        // In state 1 with three left: 1 and the rest (1 + 4.5) rather than 3 and half of it (3 + 2.25).
        // In state 0: one step, stay (1); two, leave (0 + 3) rather than stay (2); three, leave (0 + 4.5).
        assert_eq!([0, 1, 2, 3].map(|left| plan.value(left, 0)), [0.0, 1.0, 3.0, 4.5]);
        assert_eq!([1, 2, 3].map(|left| plan.action(left, 0)), [0, 1, 1]);
        assert_eq!(table().start_value(plan.values(3)), 0.75 * 4.5 + 0.25 * 5.5);
        let discounted = table().plan(2, 0.5);
        assert_eq!((discounted.value(2, 0), discounted.value(2, 1)), (1.5, 3.75));
    }

    #[test]
    fn optimal_values_solve_bellmans_equation() {
        // 1 a step for ever is worth 10 in either state, and taking 3 in state 1 only 3 + 0.9 * 10 / 2.
        let values = table().optimal_values(0.9, 1e-9);
        assert!((values[0] - 10.0).abs() < 1e-8 && (values[1] - 10.0).abs() < 1e-8, "{values:?}");
        // With a discount of 0.5: state 1 is worth 3 / 0.75 = 4, state 0 the greater of 2 and 0.5 * 4.
        let values = table().optimal_values(0.5, 1e-12);
        assert!((values[1] - 4.0).abs() < 1e-10 && (values[0] - 2.0).abs() < 1e-10, "{values:?}");
        assert_eq!(table().optimal_values(0.0, 1e-12), [1.0, 3.0]);
    }

    #[test]
    #[should_panic(expected = "not in [0, 1)")]
    fn without_a_discount_there_is_no_end() {
        table().optimal_values(1.0, 1e-6);
    }
}
