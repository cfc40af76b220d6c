//! A team guesses a hidden vector, and hears one number about all that it guesses.
//!
//! Each expert sets a part of the guess, and everybody is told how wrong the whole is: nobody knows whether its own part made
//! it better or another's made it worse. A team that stands still but for one of its experts learns all about that expert's
//! part, so it pays to take turns; but all experts see the same and begin as the same, and whose turn is it? Credit and order
//! have to come about within the team. It is made after the guessing game on which Badger was tried out, teams of experts that
//! all learn by the same rule (Rosa et al. 2019, arXiv 1912.01513).

use super::{Observations, TeamDistribution, TeamEnvironment, TeamFamily};
use crate::picture::{Colour, Picture, Scene};
use crate::{Action, Rng, Space, Step};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// More outputs or experts are taken for a slip of the pen.
const MAX_COUNT: usize = 1000;

/// One hidden vector and those who guess it. Its page of the manual is that of [`GuessingTeams`].
#[derive(Clone, Debug, PartialEq)]
pub struct GuessingTeam {
    target: Vec<f64>,
    experts: usize,
    /// What the team said last for each output; 0 at the beginning of an episode.
    guess: Vec<f64>,
    /// How wrong that was; nothing at the beginning of an episode.
    error: Option<f64>,
}

impl GuessingTeam {
    /// So many experts who are to guess `target`.
    ///
    /// # Errors
    /// If there is no output or no expert, or too many of them, or a number of the target is not from -1 to 1.
    pub fn new(target: Vec<f64>, experts: usize) -> Result<Self, String> {
        check_count("outputs", target.len())?;
        check_count("experts", experts)?;
        if let Some(number) = target.iter().find(|number| !(-1.0..=1.0).contains(*number)) {
            return Err(format!("the target has {number} in it: numbers from -1 to 1 are needed"));
        }
        Ok(GuessingTeam { guess: vec![0.0; target.len()], target, experts, error: None })
    }

    /// What is to be guessed.
    pub fn target(&self) -> &[f64] {
        &self.target
    }

    /// Where there are more experts than outputs: how many of them output number `output` belongs to.
    fn owners(&self, output: usize) -> usize {
        (self.experts - output).div_ceil(self.target.len())
    }

    /// Puts the experts' numbers together to what the team says.
    fn put_together(&mut self, actions: &[Option<Action<'_>>]) {
        let number = |expert: usize| {
            actions[expert].and_then(|action| action.numbers().first()).map_or(0.0, |number| f64::from(*number))
        };
        let outputs = self.guess.len();
        if self.experts <= outputs {
            for (output, guess) in self.guess.iter_mut().enumerate() {
                *guess = number(output % self.experts);
            }
            return;
        }
        for output in 0..outputs {
            let sum: f64 = (output..self.experts).step_by(outputs).map(number).sum();
            self.guess[output] = sum / self.owners(output) as f64;
        }
    }

    fn observe(&self, observations: &mut Observations) {
        let seen = match self.error {
            None => [0.0, 1.0],
            Some(error) => [error as f32, 0.0],
        };
        observations.iter_mut().for_each(|observation| observation.copy_from_slice(&seen));
    }
}

impl TeamEnvironment for GuessingTeam {
    fn agents(&self) -> Vec<String> {
        (0..self.experts).map(|expert| format!("expert_{expert}")).collect()
    }

    fn observation_space(&self, _: usize) -> Space {
        Space::Box { low: vec![0.0, 0.0], high: vec![4.0, 1.0], shape: vec![2] }
    }

    fn action_space(&self, _: usize) -> Space {
        Space::uniform_box(-1.0, 1.0, 1)
    }

    fn reset(&mut self, _: &mut Rng, observations: &mut Observations) {
        self.guess.fill(0.0);
        self.error = None;
        self.observe(observations);
    }

    fn step(
        &mut self,
        actions: &[Option<Action<'_>>],
        _: &mut Rng,
        observations: &mut Observations,
        steps: &mut [Step],
    ) {
        self.put_together(actions);
        let squares = self.guess.iter().zip(&self.target).map(|(guess, target)| (guess - target) * (guess - target));
        let error = squares.sum::<f64>() / self.target.len() as f64;
        self.error = Some(error);
        steps.fill(Step::going_on(-error));
        self.observe(observations);
    }

    fn picture(&self) -> Option<Picture> {
        let mut scene = Scene::new((0.0, self.target.len() as f64), (-1.1, 1.1));
        for (output, (guess, target)) in self.guess.iter().zip(&self.target).enumerate() {
            let x = output as f64;
            scene = scene.rectangle((x + 0.2, 0.0), (x + 0.8, *guess), Colour::SKY).line(
                vec![(x + 0.1, *target), (x + 0.9, *target)],
                0.05,
                Colour::GREEN,
            );
        }
        let scene = scene.line(vec![(0.0, 0.0), (self.target.len() as f64, 0.0)], 0.0, Colour::LIGHT);
        let caption = match self.error {
            None => "nothing has been guessed".into(),
            Some(error) => format!("the error is {error:.4}"),
        };
        Some(Picture::from(scene).with_caption(caption))
    }
}

/// Teams that guess a hidden vector together: `GuessingTeam-v0`.
///
/// # Description
/// A vector of `outputs` numbers is hidden; each is drawn uniformly from -1 to 1 for each task. Every step each expert says a
/// number, which becomes the part of the guess that it owns, and all are told how wrong the whole is. If there are as many
/// experts as outputs each owns one. If there are fewer, output j belongs to expert j mod `experts`, who says the same for all
/// that it owns. If there are more, expert e belongs to output e mod `outputs`, and the mean of all who do counts.
///
/// # Action space
/// `Box(-1, 1, [1])`: the expert's number.
///
/// # Observation space
/// `Box([2])`, the same for all: the error of the last step, from 0 to 4, and whether the episode begins, 0 or 1. The error is
/// 0 where there is none yet.
///
/// # Rewards
/// Minus the error, the same for all: the mean of the squared differences of guess and target. With d outputs and n experts:
///
/// | who | error, on average |
/// |---|---|
/// | all guess 0, the mean of what a target can be | 1/3 |
/// | all guess at random, n ≤ d | 2/3 |
/// | one expert of as many as there are outputs knows its own, the others guess 0 | (1 - 1/d) / 3: 2/9 for 3 outputs |
/// | all know the targets, n < d: each says the mean of those that it owns | (1 - n/d) / 3 |
/// | all know the targets, n ≥ d | 0 |
///
/// The last two are the best there is. A team without noise that takes turns gets there in n + 2 steps: the error is quadratic
/// in each expert's number, so all guess 0, then each alone guesses 1, and then all know what to say.
///
/// # Starting state
/// Nothing has been guessed.
///
/// # Episode end
/// Never, unless `time_limit` asks for it; lifetimes are 100 steps long by default. The target stays what it is for a whole
/// lifetime.
///
/// # Arguments
/// `outputs` (3): how long the vector is. `experts`: how many guess it; as many as outputs if nothing is said.
///
/// # Differences from the source
/// Only the idea is Badger's, as we remember it: experts that are all the same, a hidden vector, and errors told. Whom an
/// output belongs to and all numbers are ours. Here experts are told one number and nothing else; if there are messages, they
/// are the learner's.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GuessingTeams {
    /// How many numbers are to be guessed.
    pub outputs: usize,
    /// How many guess them; none: as many as there are outputs.
    pub experts: Option<usize>,
}

impl Default for GuessingTeams {
    fn default() -> Self {
        GuessingTeams { outputs: 3, experts: None }
    }
}

impl GuessingTeams {
    /// Draws a task.
    ///
    /// # Errors
    /// What is wrong with the parameters ([`TeamFamily::check`]).
    pub fn team(&self, rng: &mut Rng) -> Result<GuessingTeam, String> {
        self.check()?;
        let target = (0..self.outputs).map(|_| -1.0 + 2.0 * rng.random::<f64>()).collect();
        GuessingTeam::new(target, self.experts.unwrap_or(self.outputs))
    }
}

impl TeamDistribution for GuessingTeams {
    fn sample(&self, rng: &mut Rng) -> Box<dyn TeamEnvironment> {
        match self.team(rng) {
            Ok(team) => Box::new(team),
            Err(reason) => panic!("{reason}"),
        }
    }
}

impl TeamFamily for GuessingTeams {
    fn check(&self) -> Result<(), String> {
        check_count("outputs", self.outputs)?;
        self.experts.map_or(Ok(()), |experts| check_count("experts", experts))
    }
}

fn check_count(name: &str, count: usize) -> Result<(), String> {
    if (1..=MAX_COUNT).contains(&count) {
        return Ok(());
    }
    Err(format!("`{name}` is {count}: a number from 1 to {MAX_COUNT} is needed"))
}

#[cfg(test)]
mod tests {
    use super::super::check::check_team_distribution;
    use super::super::observation_buffers;
    use super::*;
    use crate::stream;

    /// The error that all are told after these numbers; looks that all are told and paid the same.
    fn say(team: &mut GuessingTeam, numbers: &[f32]) -> f64 {
        let mut seen = observation_buffers(team);
        let actions: Vec<_> = numbers.chunks(1).map(|number| Some(Action::Continuous(number))).collect();
        let mut steps = vec![Step::going_on(0.0); team.experts];
        team.step(&actions, &mut stream(0, "guess", &[]), &mut seen, &mut steps);
        let error = -steps[0].reward;
        assert!(steps.iter().all(|step| *step == Step::going_on(-error)));
        assert!(seen.iter().all(|seen| **seen == [error as f32, 0.0]));
        error
    }

    #[test]
    fn the_error_is_that_of_the_whole() {
        let mut team = GuessingTeam::new(vec![0.5, -1.0, 0.25], 3).unwrap();
        let mut seen = observation_buffers(&team);
        team.reset(&mut stream(0, "guess", &[]), &mut seen);
        assert!(seen.iter().all(|seen| **seen == [0.0, 1.0]));
        assert_eq!(say(&mut team, &[0.5, 0.0, 0.25]), 1.0 / 3.0);
        assert_eq!(say(&mut team, &[1.0, -1.0, -0.25]), 0.5 / 3.0);
        assert_eq!(say(&mut team, &[0.5, -1.0, 0.25]), 0.0);
        team.reset(&mut stream(0, "guess", &[1]), &mut seen);
        assert_eq!(say(&mut team, &[0.5, -1.0, 0.25]), 0.0, "an episode later, the target is the same");
        assert_eq!(say(&mut GuessingTeam::new(vec![1.0], 1).unwrap(), &[-1.0]), 4.0, "as wrong as can be");
    }

    #[test]
    fn an_expert_may_own_several_outputs_and_several_may_own_one() {
        // Expert 0 owns the first, third and fifth.
        let mut team = GuessingTeam::new(vec![0.5, -1.0, 0.5, -1.0, 0.0], 2).unwrap();
        assert_eq!(say(&mut team, &[0.5, -1.0]), 0.25 / 5.0);
        // Experts 0, 2 and 4 say the first, 1 and 3 the second: means 0.25 and -0.5.
        let mut team = GuessingTeam::new(vec![0.25, 0.5], 5).unwrap();
        assert_eq!(say(&mut team, &[1.0, -1.0, -0.5, 0.0, 0.25]), 1.0 / 2.0);
    }

    /// Takes turns as the manual says, and gives the error of the step after.
    fn take_turns(team: &mut GuessingTeam) -> f64 {
        let (experts, outputs) = (team.experts, team.target.len());
        let mut numbers = vec![0.0; experts];
        let nothing = say(team, &numbers);
        let mut alone = |expert: usize| {
            let mut numbers = vec![0.0; experts];
            numbers[expert] = 1.0;
            say(team, &numbers)
        };
        let errors: Vec<f64> = (0..experts).map(&mut alone).collect();
        for (expert, number) in numbers.iter_mut().enumerate() {
            // With k outputs whose targets have the sum s, d · error is k a² - 2 a s more for a than for 0.
            let owned = (expert..outputs).step_by(experts).count() as f64;
            let sum = (owned - outputs as f64 * (errors[expert] - nothing)) / 2.0;
            *number = (sum / owned) as f32;
        }
        say(team, &numbers)
    }

    #[test]
    fn a_team_that_takes_turns_finds_the_best_there_is() {
        let mut rng = stream(0, "guess", &[1]);
        let mut mean = |outputs, experts| {
            let family = GuessingTeams { outputs, experts: Some(experts) };
            (0..2000).map(|_| take_turns(&mut family.team(&mut rng).unwrap())).sum::<f64>() / 2000.0
        };
        assert!(mean(3, 3) < 1e-12 && mean(8, 8) < 1e-12);
        // (1 - n/d) / 3; standard errors of 0.003.
        assert!((mean(4, 2) - 1.0 / 6.0).abs() < 0.015 && (mean(6, 1) - 5.0 / 18.0).abs() < 0.015);
    }

    #[test]
    fn errors_are_on_average_what_the_manual_says() {
        let mut rng = stream(0, "guess", &[2]);
        let (mut zero, mut one_knows) = (0.0, 0.0);
        for _ in 0..4000 {
            let mut team = GuessingTeams::default().team(&mut rng).unwrap();
            zero += say(&mut team, &[0.0; 3]) / 4000.0;
            let own = team.target[1] as f32;
            one_knows += say(&mut team, &[0.0, own, 0.0]) / 4000.0;
        }
        // Standard errors: 0.0027 and 0.0022.
        assert!((zero - 1.0 / 3.0).abs() < 0.012 && (one_knows - 2.0 / 9.0).abs() < 0.01, "{zero} {one_knows}");
    }

    #[test]
    fn nothing_is_wrong_with_it() {
        check_team_distribution(GuessingTeams::default()).assert_clean();
        check_team_distribution(GuessingTeams { outputs: 2, experts: Some(5) }).assert_clean();
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for (outputs, experts, complaint) in
            [(0, None, "`outputs` is 0"), (1001, None, "`outputs` is 1001"), (3, Some(0), "`experts` is 0")]
        {
            let error = GuessingTeams { outputs, experts }.check().unwrap_err();
            assert!(error.contains(complaint), "{error}");
        }
        assert!(GuessingTeam::new(vec![f64::NAN], 1).unwrap_err().contains("NaN"));
    }
}
