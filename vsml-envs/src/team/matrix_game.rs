//! Matrix games, played again and again: what is one's own good, and what comes of it if others see it the same way?
//!
//! Two players choose at the same time, a table says what each gets, and both see what the other did. Then they play again.
//! There is no state but that, so what a good move is depends on the other player alone: against one it pays to cooperate,
//! against another it does not, and a learner has to find out with whom it is playing.

use super::payoffs::{Payoffs, Random};
use super::{Observations, TeamDistribution, TeamEnvironment, TeamFamily};
use crate::picture::{Colour, Picture, Scene};
use crate::{Action, Rng, Space, Step, write_one_hot};
use serde::{Deserialize, Serialize};

/// More actions are taken for a slip of the pen.
const MAX_ACTIONS: usize = 1000;

/// A game for two. Its page of the manual is that of [`MatrixGames`].
#[derive(Clone, Debug, PartialEq)]
pub struct MatrixGame {
    payoffs: Payoffs,
    /// What was played last; nothing at the beginning of an episode.
    last: Option<[usize; 2]>,
}

impl MatrixGame {
    /// The game with these payoffs.
    pub fn new(payoffs: Payoffs) -> Self {
        MatrixGame { payoffs, last: None }
    }

    /// What each gets.
    pub fn payoffs(&self) -> &Payoffs {
        &self.payoffs
    }

    fn observe(&self, observations: &mut Observations) {
        let actions = self.payoffs.actions();
        for (agent, observation) in observations.iter_mut().enumerate() {
            let seen = self.last.map_or(0, |last| 1 + last[agent] * actions[1 - agent] + last[1 - agent]);
            write_one_hot(observation, seen);
        }
    }
}

impl TeamEnvironment for MatrixGame {
    fn agents(&self) -> Vec<String> {
        vec!["row".into(), "column".into()]
    }

    fn observation_space(&self, _: usize) -> Space {
        let [rows, columns] = self.payoffs.actions();
        Space::discrete(1 + rows * columns)
    }

    fn action_space(&self, agent: usize) -> Space {
        Space::discrete(self.payoffs.actions()[agent])
    }

    fn reset(&mut self, _: &mut Rng, observations: &mut Observations) {
        self.last = None;
        self.observe(observations);
    }

    fn step(
        &mut self,
        actions: &[Option<Action<'_>>],
        _: &mut Rng,
        observations: &mut Observations,
        steps: &mut [Step],
    ) {
        let [row, column] = [0, 1].map(|agent| actions[agent].map_or(0, |action: Action<'_>| action.index()));
        self.last = Some([row, column]);
        for (step, payoff) in steps.iter_mut().zip(self.payoffs.of(row, column)) {
            *step = Step::going_on(payoff);
        }
        self.observe(observations);
    }

    fn picture(&self) -> Option<Picture> {
        let [rows, columns] = self.payoffs.actions();
        let mut scene = Scene::new((0.0, columns as f64), (0.0, rows as f64));
        for (row, column) in (0..rows * columns).map(|place| (place / columns, place % columns)) {
            let (x, y) = (column as f64, (rows - 1 - row) as f64);
            let played = self.last == Some([row, column]);
            let colour = if played { Colour::ORANGE } else { Colour::LIGHT };
            scene = scene.rectangle((x + 0.05, y + 0.05), (x + 0.95, y + 0.95), colour);
        }
        let caption = match self.last {
            None => "payoffs: ".to_string() + &self.payoffs.to_string(),
            Some([row, column]) => {
                let [own, other] = self.payoffs.of(row, column);
                format!("row plays {row} and gets {own}, column plays {column} and gets {other}")
            }
        };
        Some(Picture::from(scene).with_caption(caption))
    }
}

/// Matrix games: `PrisonersDilemma-v0`, `MatchingPennies-v0`, `Chicken-v0`, `StagHunt-v0`, `BattleOfTheSexes-v0`,
/// `RockPaperScissors-v0` and `MatrixGame-v0`.
///
/// # Description
/// Two players, `row` and `column`, choose an action at the same time; a matrix says what each gets. `MatrixGame-v0` draws a
/// matrix for each task, unless it is given `payoffs`; the others have one.
///
/// | id | payoffs | actions |
/// |---|---|---|
/// | `PrisonersDilemma-v0` | `-1/-1 -3/0; 0/-3 -2/-2` | cooperate, betray |
/// | `MatchingPennies-v0` | `1 -1; -1 1` | heads, tails |
/// | `Chicken-v0` | `0/0 -1/1; 1/-1 -10/-10` | give way, go on |
/// | `StagHunt-v0` | `4/4 0/3; 3/0 2/2` | stag, hare |
/// | `BattleOfTheSexes-v0` | `3/2 0/0; 0/0 2/3` | the row player's choice, the column player's |
/// | `RockPaperScissors-v0` | `0 -1 1; 1 0 -1; -1 1 0` | rock, paper, scissors |
///
/// # Action space
/// `Discrete(n)`, where n is how many rows or columns there are.
///
/// # Observation space
/// `Discrete(1 + rows · columns)`, one-hot: the first move of an episode, or what was played last, one's own action first:
/// `1 + own · (the other's actions) + other`. So a game that is symmetric looks the same from both sides.
///
/// # Rewards
/// What the matrix says. Matrices that are drawn have payoffs from -1 to 1.
///
/// # Starting state
/// Nothing has been played.
///
/// # Episode end
/// Never, unless `time_limit` asks for it: who does not know which move is the last cannot reckon back from there. Lifetimes
/// are 100 moves long by default.
///
/// # Arguments
/// `payoffs`: a matrix as in the table; of `MatrixGame-v0` also nothing, to draw one. `MatrixGame-v0` alone has `actions` (2): of
/// each player, where a matrix is drawn; and `random` (`general`): how it is drawn; `zero-sum` or `symmetric` are the others.
///
/// # Differences from the source
/// The prisoner's dilemma is that of the *pax* library (Willi et al. 2022), with its observations; the payoffs of the others
/// are the usual ones of textbooks.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatrixGames {
    /// The matrix; none: it is drawn.
    pub payoffs: Option<Payoffs>,
    /// Actions of each player where the matrix is drawn; 0: two.
    pub actions: usize,
    /// How it is drawn.
    pub random: Random,
}

/// A game whose matrix is given, as those with names are; its page of the manual is that of [`MatrixGames`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenGame {
    /// The matrix.
    pub payoffs: Payoffs,
}

impl GivenGame {
    fn of(rows: usize, columns: usize, payoffs: &[[f64; 2]]) -> Self {
        let payoffs = Payoffs::new(rows, columns, |row, column| payoffs[row * columns + column]);
        GivenGame { payoffs }
    }

    /// Both betray, though both would be better off if neither did.
    pub fn prisoners_dilemma() -> Self {
        Self::of(2, 2, &[[-1.0, -1.0], [-3.0, 0.0], [0.0, -3.0], [-2.0, -2.0]])
    }

    /// One player wants to do the same, the other wants the opposite: only chance is safe.
    pub fn matching_pennies() -> Self {
        Self::of(2, 2, &[[1.0, -1.0], [-1.0, 1.0], [-1.0, 1.0], [1.0, -1.0]])
    }

    /// Who gives way loses a little; if nobody does, both lose a lot.
    pub fn chicken() -> Self {
        Self::of(2, 2, &[[0.0, 0.0], [-1.0, 1.0], [1.0, -1.0], [-10.0, -10.0]])
    }

    /// Together a stag, alone a hare.
    pub fn stag_hunt() -> Self {
        Self::of(2, 2, &[[4.0, 4.0], [0.0, 3.0], [3.0, 0.0], [2.0, 2.0]])
    }

    /// Both would rather be together, but each at another place.
    pub fn battle_of_the_sexes() -> Self {
        Self::of(2, 2, &[[3.0, 2.0], [0.0, 0.0], [0.0, 0.0], [2.0, 3.0]])
    }

    /// Each action beats one and loses to one.
    pub fn rock_paper_scissors() -> Self {
        let payoffs =
            [0.0, -1.0, 1.0, 1.0, 0.0, -1.0, -1.0, 1.0, 0.0f64].map(|own| [own, if own == 0.0 { 0.0 } else { -own }]);
        Self::of(3, 3, &payoffs)
    }
}

impl TeamDistribution for GivenGame {
    fn sample(&self, _: &mut Rng) -> Box<dyn TeamEnvironment> {
        Box::new(MatrixGame::new(self.payoffs.clone()))
    }
}

impl TeamFamily for GivenGame {
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

impl TeamDistribution for MatrixGames {
    fn sample(&self, rng: &mut Rng) -> Box<dyn TeamEnvironment> {
        let drawn = || Payoffs::random(if self.actions == 0 { 2 } else { self.actions }, self.random, rng);
        Box::new(MatrixGame::new(self.payoffs.clone().unwrap_or_else(drawn)))
    }
}

impl TeamFamily for MatrixGames {
    fn check(&self) -> Result<(), String> {
        if self.payoffs.is_some() && (self.actions != 0 || self.random != Random::default()) {
            return Err("`actions` and `random` are for matrices that are drawn, and `payoffs` is given".into());
        }
        if self.actions > MAX_ACTIONS {
            return Err(format!("`actions` is {}: a player has at most {MAX_ACTIONS}", self.actions));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::observation_buffers;
    use super::*;
    use crate::stream;

    #[test]
    fn both_see_their_own_action_first_and_get_what_the_matrix_says() {
        let mut game = MatrixGame::new("1/10 2/20 3/30; 4/40 5/50 6/60".parse().unwrap());
        let mut seen = observation_buffers(&game);
        let mut rng = stream(1, "game", &[]);
        game.reset(&mut rng, &mut seen);
        let place = |observation: &[f32]| observation.iter().position(|x| *x == 1.0).unwrap();
        assert_eq!((place(&seen[0]), place(&seen[1]), seen[0].len()), (0, 0, 7));
        let mut steps = [Step::going_on(0.0); 2];
        game.step(&[Some(Action::Discrete(1)), Some(Action::Discrete(2))], &mut rng, &mut seen, &mut steps);
        assert_eq!(steps.map(|step| step.reward), [6.0, 60.0]);
        assert_eq!((place(&seen[0]), place(&seen[1])), (1 + 3 + 2, 1 + 2 * 2 + 1));
        assert_eq!((game.action_space(0), game.action_space(1)), (Space::discrete(2), Space::discrete(3)));
    }

    #[test]
    fn games_are_what_their_names_promise() {
        let dilemma = GivenGame::prisoners_dilemma().payoffs;
        for other in 0..2 {
            assert!(dilemma.of(1, other)[0] > dilemma.of(0, other)[0], "to betray is always better");
        }
        assert!(dilemma.of(0, 0)[0] > dilemma.of(1, 1)[0]);
        for zero_sum in [GivenGame::matching_pennies().payoffs, GivenGame::rock_paper_scissors().payoffs] {
            let [rows, columns] = zero_sum.actions();
            assert!((0..rows * columns).all(|i| zero_sum.of(i / columns, i % columns).iter().sum::<f64>() == 0.0));
        }
        for symmetric in [GivenGame::prisoners_dilemma(), GivenGame::chicken(), GivenGame::stag_hunt()] {
            let payoffs = symmetric.payoffs;
            assert!((0..4).all(|i| payoffs.of(i / 2, i % 2)[0] == payoffs.of(i % 2, i / 2)[1]));
        }
    }
}
