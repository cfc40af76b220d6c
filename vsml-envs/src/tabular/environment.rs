//! A table to live in.

use super::table::Table;
use crate::picture::{Picture, Tile, Tiles};
use crate::{Action, Environment, Rng, Space, Step, write_one_hot};
use rand::RngExt;
use rand_distr::StandardNormal;
use std::sync::Arc;

/// Where the states of a table lie when they are drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Cells in a row.
    pub width: usize,
    /// What each cell looks like while nobody is there, row by row.
    pub tiles: Vec<Tile>,
    /// The cell of each state.
    pub cells: Vec<usize>,
}

impl Layout {
    /// The states in rows of `width`, all alike.
    pub fn rows(states: usize, width: usize) -> Self {
        let (width, cells) = (width.max(1), states.div_ceil(width.max(1)) * width.max(1));
        let beyond = Tile { character: ' ', ..Tile::FLOOR };
        let tiles = (0..cells).map(|cell| if cell < states { Tile::FLOOR } else { beyond }).collect();
        Layout { width, tiles, cells: (0..states).collect() }
    }
}

/// A table to live in: the observation is the state, one-hot.
///
/// A reset and a step draw one uniform number each, whether the outcome is certain or not, and a step a normal one besides
/// where the reward has a deviation.
#[derive(Clone, Debug)]
pub struct TabularEnvironment {
    table: Arc<Table>,
    layout: Arc<Layout>,
    state: usize,
}

impl TabularEnvironment {
    /// Lives in `table`, drawn as a square of states.
    pub fn new(table: impl Into<Arc<Table>>) -> Self {
        let table = table.into();
        let width = (1..).find(|width| width * width >= table.states()).unwrap_or(1);
        let layout = Arc::new(Layout::rows(table.states(), width));
        TabularEnvironment { table, layout, state: 0 }
    }

    /// The same, drawn in another way.
    ///
    /// # Panics
    /// If there is not a cell for each state, or not a whole number of rows.
    pub fn with_layout(self, layout: impl Into<Arc<Layout>>) -> Self {
        let layout = layout.into();
        assert_eq!(layout.cells.len(), self.table.states(), "a layout has a cell for each state");
        assert!(!layout.tiles.is_empty() && layout.tiles.len().is_multiple_of(layout.width), "a layout has whole rows");
        assert!(layout.cells.iter().all(|cell| *cell < layout.tiles.len()), "a state's cell lies beyond the layout");
        TabularEnvironment { layout, ..self }
    }

    /// The state it is in.
    pub fn state(&self) -> usize {
        self.state
    }

    /// Puts it into a state of your choice.
    ///
    /// # Panics
    /// If there is no such state.
    pub fn set_state(&mut self, state: usize) {
        assert!(state < self.table.states(), "state {state} of {}", self.table.states());
        self.state = state;
    }
}

impl Environment for TabularEnvironment {
    fn observation_space(&self) -> Space {
        Space::discrete(self.table.states())
    }

    fn action_space(&self) -> Space {
        Space::discrete(self.table.actions())
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.state = self.table.sample_start(rng.random());
        write_one_hot(observation, self.state);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let outcome = self.table.sample(self.state, action.index(), rng.random());
        let mut reward = outcome.reward;
        if outcome.deviation > 0.0 {
            reward += outcome.deviation * rng.sample::<f64, _>(StandardNormal);
        }
        self.state = outcome.next;
        write_one_hot(observation, self.state);
        Step { reward, terminated: outcome.terminated, truncated: false }
    }

    fn table(&self) -> Option<&Table> {
        Some(&self.table)
    }

    fn picture(&self) -> Option<Picture> {
        let here = self.layout.cells[self.state];
        let height = self.layout.tiles.len() / self.layout.width;
        let tiles = Tiles::new(self.layout.width, height, |cell| match self.layout.tiles[cell] {
            tile if cell == here => Tile::AGENT.on(tile.ground),
            tile => tile,
        });
        let expected = |action| {
            let outcomes = self.table.outcomes(self.state, action).iter();
            format!("{:.3}", outcomes.map(|outcome| outcome.probability * outcome.reward).sum::<f64>())
        };
        let expected: Vec<String> = (0..self.table.actions()).map(expected).collect();
        Some(Picture::from(tiles).with_caption(format!("state {}: actions pay {}", self.state, expected.join(" "))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::Outcome;
    use super::*;
    use crate::{Registry, stream};

    fn coin(deviation: f64) -> TabularEnvironment {
        let heads = Outcome { probability: 0.3, next: 1, reward: 5.0, deviation, terminated: true };
        let tails = Outcome { probability: 0.7, next: 0, reward: -1.0, deviation, terminated: false };
        TabularEnvironment::new(Table::new(1, &[vec![heads, tails], vec![heads, tails]], vec![0.5, 0.5]).unwrap())
    }

    #[test]
    fn outcomes_come_as_often_as_the_table_says() {
        let mut environment = coin(0.0);
        let (mut rng, mut observation) = (stream(0, "table", &[]), [f32::NAN; 2]);
        let (mut starts, mut heads) = ([0, 0], 0);
        for _ in 0..10_000 {
            environment.reset(&mut rng, &mut observation);
            starts[environment.state()] += 1;
            assert_eq!(observation[environment.state()], 1.0);
            let step = environment.step(Action::Discrete(0), &mut rng, &mut observation);
            assert_eq!((step.reward, step.terminated), if observation[1] == 1.0 { (5.0, true) } else { (-1.0, false) });
            heads += u32::from(step.terminated);
        }
        assert!((4800..5200).contains(&starts[0]), "{starts:?}: standard deviation 50");
        assert!((2800..3200).contains(&heads), "{heads}: standard deviation 46");
    }

    #[test]
    fn rewards_are_normal_around_their_mean() {
        let mut environment = coin(2.0);
        let mut rng = stream(0, "table", &[1]);
        let mut step = || {
            environment.set_state(0);
            environment.step(Action::Discrete(0), &mut rng, &mut [0.0; 2])
        };
        let noise: Vec<f64> =
            (0..10_000).map(|_| step()).map(|s| s.reward - if s.terminated { 5.0 } else { -1.0 }).collect();
        let mean = noise.iter().sum::<f64>() / 1e4;
        let square = noise.iter().map(|x| x * x).sum::<f64>() / 1e4;
        assert!(mean.abs() < 0.08 && (square - 4.0).abs() < 0.25, "{mean} {square}: standard errors 0.02 and 0.057");
    }

    #[test]
    fn a_step_takes_one_uniform_where_rewards_have_no_deviation() {
        let (mut rng, mut expected) = (stream(0, "table", &[2]), stream(0, "table", &[2]));
        coin(0.0).step(Action::Discrete(0), &mut rng, &mut [0.0; 2]);
        let _: f64 = expected.random();
        assert_eq!(rng, expected);
    }

    #[test]
    fn wrappers_hand_the_table_on_unless_they_call_things_by_other_names() {
        let table = |wrapper: &str| {
            let tasks = Registry::builtin().make(&format!("CliffWalking-v1:{wrapper}=true")).unwrap();
            tasks.distribution.sample(&mut stream(0, "table", &[3])).table().cloned()
        };
        let limited = Registry::builtin().make("CliffWalking-v1:time_limit=3").unwrap();
        let plain = limited.distribution.sample(&mut stream(0, "table", &[3]));
        assert_eq!(plain.table().unwrap().states(), 48);
        assert_eq!(table("permute_observations"), None, "its states would be called by the wrong names");
        assert_eq!(table("permute_actions"), None, "its actions would be called by the wrong names");
    }

    #[test]
    fn a_picture_shows_where_one_is_and_what_actions_pay() {
        let mut environment = coin(0.0);
        environment.set_state(1);
        let picture = environment.picture().unwrap();
        assert_eq!(picture.to_text().lines().next().unwrap().replace(' ', ""), ".@");
        assert_eq!(picture.caption, "state 1: actions pay 0.800");
    }
}
