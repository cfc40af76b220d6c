//! Players of matrix games, played again and again.
//!
//! They know how such a game shows itself ([`MatrixGames`](vsml_envs::team::matrix_game::MatrixGames)): the first move, or
//! what was played last, one's own action first. Nothing else of the game is known to them; what it pays they are told.

use crate::learner::{Learner, Unable};
use rand::RngExt;
use std::collections::{BTreeMap, VecDeque};
use vsml_envs::{Action, Feedback, Percept, Rng, Space};

const NO_GAME: &str = "it plays matrix games, with actions as they are, and this is none";

/// More moves would never be seen twice.
pub(super) const MAX_MEMORY: usize = 16;

/// How many actions a player and the other one have, as the spaces of a matrix game say.
fn actions(observation: &Space, action: &Space) -> Result<[usize; 2], Unable> {
    match (observation, action) {
        (Space::Discrete { n: seen }, Space::Discrete { n: own }) if *seen > 1 && (seen - 1) % own == 0 => {
            Ok([*own, (seen - 1) / own])
        }
        _ => Err(Unable(NO_GAME.into())),
    }
}

/// What was played last, one's own action first, which was `played`; nothing before the first move.
///
/// # Errors
/// If it says that something else was played: then it is another kind of world.
fn last(percept: &Percept<'_>, others: usize, played: Option<usize>) -> Result<Option<[usize; 2]>, Unable> {
    let seen = percept.observation.iter().position(|x| *x == 1.0).and_then(|place| place.checked_sub(1));
    let last = seen.map(|seen| [seen / others, seen % others]);
    if last.is_some_and(|[own, _]| played != Some(own)) {
        return Err(Unable(NO_GAME.into()));
    }
    Ok(last)
}

/// Does what the other did last, and action 0 first: the winner of Axelrod's tournaments (Axelrod & Hamilton 1981), entered
/// by Rapoport.
#[derive(Default)]
pub struct TitForTat {
    others: usize,
    played: Option<usize>,
}

impl Learner for TitForTat {
    fn begin(&mut self, observation: &Space, action: &Space, _: &mut Rng) -> Result<(), Unable> {
        let [own, others] = actions(observation, action)?;
        if own != others {
            return Err(Unable(format!("it does as the other did, who has {others} actions while it has {own}")));
        }
        *self = TitForTat { others, played: None };
        Ok(())
    }

    fn act(&mut self, percept: &Percept<'_>, _: &mut Rng) -> Result<Action<'_>, Unable> {
        let action = last(percept, self.others, self.played)?.map_or(0, |[_, other]| other);
        self.played = Some(action);
        Ok(Action::Discrete(action))
    }
}

/// Takes the action that pays best against what the other has done so far, in the shares in which it has done it: fictitious
/// play (Brown 1951). With a memory, only what the other did after the same last moves counts, as many of them as have been
/// seen before, up to `memory`: it reads whoever falls into a pattern, as the machines did that played matching pennies
/// against people (Shannon 1953, *A Mind-Reading (?) Machine*).
///
/// What a pair of actions pays it learns by playing it, the mean where that varies; what it has not tried yet it takes for as
/// good as the best it has seen, and of equal actions it takes any.
#[derive(Default)]
pub struct BestResponse {
    /// How many of the last moves it looks at, of both.
    memory: usize,
    actions: [usize; 2],
    /// Sum and number of rewards for each pair of actions.
    paid: Vec<(f64, f64)>,
    /// How often the other did what.
    done: Vec<f64>,
    /// The last moves, the last one first; each is one's own action times as many as the other has, plus the other's.
    moves: VecDeque<usize>,
    /// How often the other did what after so many last moves.
    after: BTreeMap<Vec<usize>, Vec<f64>>,
    /// The reward that is yet to be put down to the actions that the next percept shows.
    reward: Option<f64>,
    played: Option<usize>,
}

impl BestResponse {
    /// One that looks at so many of the last moves.
    pub fn with_memory(memory: usize) -> Self {
        BestResponse { memory, ..Self::default() }
    }

    /// Remembers what was done after what.
    fn remember(&mut self, own: usize, other: usize) {
        self.done[other] += 1.0;
        if self.memory == 0 {
            return;
        }
        let others = self.actions[1];
        let moves: Vec<usize> = self.moves.iter().copied().collect();
        for count in 1..=moves.len() {
            let done = self.after.entry(moves[..count].to_vec()).or_insert_with(|| vec![0.0; others]);
            done[other] += 1.0;
        }
        self.moves.truncate(self.memory - 1);
        self.moves.push_front(own * others + other);
    }

    /// How often the other did what, after as many of the last moves as have been seen before.
    fn expected(&self) -> &[f64] {
        let moves: Vec<usize> = self.moves.iter().copied().collect();
        let longest = (1..=moves.len()).rev().find_map(|count| self.after.get(&moves[..count]));
        longest.unwrap_or(&self.done)
    }
}

impl Learner for BestResponse {
    fn begin(&mut self, observation: &Space, action: &Space, _: &mut Rng) -> Result<(), Unable> {
        let [own, others] = actions(observation, action)?;
        *self = BestResponse {
            memory: self.memory,
            moves: VecDeque::with_capacity(self.memory),
            after: BTreeMap::new(),
            actions: [own, others],
            paid: vec![(0.0, 0.0); own * others],
            done: vec![1.0; others],
            reward: None,
            played: None,
        };
        Ok(())
    }

    fn act(&mut self, percept: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        let [count, others] = self.actions;
        if percept.episode_begins {
            // What the last move of an episode came to is not shown, so nothing follows from it.
            self.moves.clear();
            self.reward = None;
        }
        let last = last(percept, others, self.played)?;
        if let (Some(reward), Some([own, other])) = (self.reward.take(), last) {
            let (sum, times) = &mut self.paid[own * others + other];
            (*sum, *times) = (*sum + reward, *times + 1.0);
            self.remember(own, other);
        }
        let known = self.paid.iter().filter(|(_, times)| *times > 0.0).map(|(sum, times)| sum / times);
        let hope = known.fold(f64::NEG_INFINITY, f64::max);
        let hope = if hope.is_finite() { hope } else { 0.0 };
        let expected = self.expected();
        let worth = |own: usize| -> f64 {
            let payoffs = self.paid[own * others..(own + 1) * others].iter();
            let payoffs = payoffs.map(|(sum, times)| if *times > 0.0 { sum / times } else { hope });
            payoffs.zip(expected).map(|(payoff, times)| payoff * times).sum()
        };
        let best = (0..count).map(worth).fold(f64::NEG_INFINITY, f64::max);
        let equals = || (0..count).filter(|own| worth(*own) == best);
        let chosen = rng.random_range(0..equals().count().max(1) as u64) as usize;
        let chosen = equals().nth(chosen).ok_or_else(|| Unable("what it is paid is not a number".into()))?;
        self.played = Some(chosen);
        Ok(Action::Discrete(chosen))
    }

    fn feedback(&mut self, feedback: &Feedback) {
        self.reward = Some(feedback.reward);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::players::make;
    use crate::team::live_together;
    use vsml_envs::{LifetimeKey, Registry, Split};

    /// What two players get in a game of 100 moves.
    fn played(game: &str, players: [&str; 2]) -> [f64; 2] {
        let key = LifetimeKey { seed: 1, split: Split::Test, generation: 0, member: 0, lifetime: 0 };
        let mut life = Registry::builtin().make_team(game).unwrap().begin(&key).unwrap();
        let mut players = players.map(|player| make(player).unwrap());
        let scores = live_together(&mut players, &mut life, &key, |_| {}).unwrap();
        [scores[0].reward, scores[1].reward]
    }

    #[test]
    fn tit_for_tat_does_as_it_is_done_by() {
        let dilemma = "PrisonersDilemma-v0";
        assert_eq!(played(dilemma, ["tit-for-tat", "tit-for-tat"]), [-100.0, -100.0]);
        assert_eq!(played(dilemma, ["always:arm=1", "tit-for-tat"]), [-198.0, -201.0]);
        assert_eq!(played(dilemma, ["tit-for-tat", "always:arm=0"]), [-100.0, -100.0]);
        assert!(make("tit-for-tat").unwrap().begin(&Space::discrete(7), &Space::discrete(2), &mut rng()).is_err());
        assert!(make("tit-for-tat").unwrap().begin(&Space::discrete(4), &Space::discrete(2), &mut rng()).is_err());
    }

    #[test]
    fn a_world_that_only_looks_like_a_game_is_none() {
        for world in ["Chain-v0", "DoubleLoop-v0"] {
            let key = LifetimeKey { seed: 1, split: Split::Test, generation: 0, member: 0, lifetime: 0 };
            let mut life = Registry::builtin().make(world).unwrap().begin(&key).unwrap();
            let mut player = make("best-response").unwrap();
            let lived = crate::learner::live(player.as_mut(), &mut life, &mut rng(), |_| {});
            assert!(lived.unwrap_err().to_string().contains(NO_GAME));
        }
    }

    fn rng() -> Rng {
        vsml_envs::stream(1, "games", &[])
    }

    #[test]
    fn best_responses_are_found_within_a_few_moves() {
        let [own, _] = played("PrisonersDilemma-v0", ["best-response", "always:arm=0"]);
        assert!(own > -10.0, "to betray who always cooperates pays 0: {own}");
        let [own, _] = played("RockPaperScissors-v0", ["best-response", "always:arm=2"]);
        assert!(own > 90.0, "rock beats scissors: {own}");
        let [_, own] = played("StagHunt-v0", ["always:arm=0", "best-response"]);
        assert!(own > 390.0, "{own}");
    }

    #[test]
    fn a_memory_reads_patterns() {
        // Tit for tat does as it was done by, and is read either way.
        let [forgetful, _] = played("MatchingPennies-v0", ["best-response", "tit-for-tat"]);
        let [reading, _] = played("MatchingPennies-v0", ["best-response:memory=2", "tit-for-tat"]);
        assert!(reading > 90.0 && forgetful > 90.0, "{reading} and {forgetful}");
        let [reading, read] = played("MatchingPennies-v0:steps=1000", ["best-response:memory=3", "best-response"]);
        assert!(reading > 300.0 && read == -reading, "{reading}");
        let [reading, _] = played("MatchingPennies-v0:steps=1000", ["best-response:memory=3", "random"]);
        assert!(reading.abs() < 100.0, "nobody reads chance: {reading}");
    }

    #[test]
    fn against_itself_it_finds_the_balance_of_matching_pennies() {
        // Fictitious play converges in games of two players who want the opposite (Robinson 1951).
        let [row, column] = played("MatchingPennies-v0:steps=20000", ["best-response", "best-response"]);
        assert_eq!(row, -column);
        assert!(row.abs() < 1000.0, "{row}");
    }
}
