//! The switch riddle: a language of one bit, to be agreed on.
//!
//! Prisoners are led into a room one at a time, and all that they can leave each other is a light that is on or off. Once each
//! of them has been there, somebody must say so. Nobody knows that alone: they have to give the light a meaning, all the same
//! one, and remember what they have seen. So there is nothing to learn for one of them that does not depend on what the others
//! have learnt, and what counts comes at the very end.

use super::{Observations, TeamDistribution, TeamEnvironment, TeamFamily};
use crate::picture::{Colour, Mark, Picture, Tile, Tiles};
use crate::{Action, Rng, Space, Step};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// More prisoners are taken for a slip of the pen.
const MAX_AGENTS: usize = 1000;
/// Action 1; action 0 is to do nothing.
const SWITCH: usize = 1;
/// Action 2.
const TELL: usize = 2;
const ACTIONS: usize = 3;

/// A riddle. Its page of the manual is that of [`SwitchRiddles`].
#[derive(Clone, Debug, PartialEq)]
pub struct SwitchRiddle {
    /// Who has been in the room, today included.
    been: Vec<bool>,
    /// Who is in the room.
    inside: usize,
    /// Whether the bulb is on.
    bulb: bool,
    /// Days that have passed.
    days: usize,
}

impl SwitchRiddle {
    /// The riddle for so many prisoners.
    ///
    /// # Errors
    /// If `agents` is not 3 to 1000.
    pub fn new(agents: usize) -> Result<Self, String> {
        if !(3..=MAX_AGENTS).contains(&agents) {
            return Err(format!("`agents` is {agents}: the riddle is for 3 to {MAX_AGENTS} prisoners"));
        }
        Ok(SwitchRiddle { been: vec![false; agents], inside: 0, bulb: false, days: 0 })
    }

    /// How many days they have.
    fn all_days(&self) -> usize {
        4 * self.been.len() - 6
    }

    fn call_somebody(&mut self, rng: &mut Rng) {
        self.inside = rng.random_range(0..self.been.len() as u64) as usize;
        self.been[self.inside] = true;
    }

    fn observe(&self, observations: &mut Observations) {
        for (agent, observation) in observations.iter_mut().enumerate() {
            let inside = agent == self.inside;
            observation[0] = f32::from(u8::from(inside));
            observation[1] = f32::from(u8::from(inside && self.bulb));
        }
    }
}

impl TeamEnvironment for SwitchRiddle {
    fn agents(&self) -> Vec<String> {
        (0..self.been.len()).map(|agent| format!("prisoner_{agent}")).collect()
    }

    fn observation_space(&self, _: usize) -> Space {
        Space::MultiBinary { n: 2 }
    }

    fn action_space(&self, _: usize) -> Space {
        Space::discrete(ACTIONS)
    }

    fn reset(&mut self, rng: &mut Rng, observations: &mut Observations) {
        self.been.fill(false);
        self.bulb = false;
        self.days = 0;
        self.call_somebody(rng);
        self.observe(observations);
    }

    fn step(
        &mut self,
        actions: &[Option<Action<'_>>],
        rng: &mut Rng,
        observations: &mut Observations,
        steps: &mut [Step],
    ) {
        let action = actions[self.inside].map_or(0, Action::index);
        self.days += 1;
        self.bulb ^= action == SWITCH;
        let reward = match (action == TELL, self.been.contains(&false)) {
            (true, false) => 1.0,
            (true, true) => -1.0,
            (false, _) => 0.0,
        };
        let over = action == TELL || self.days == self.all_days();
        steps.fill(Step { reward, terminated: over, truncated: false });
        if !over {
            self.call_somebody(rng);
        }
        self.observe(observations);
    }

    fn picture(&self) -> Option<Picture> {
        let tiles = Tiles::new(self.been.len(), 1, |agent| match (agent == self.inside, self.been[agent]) {
            (true, _) if self.bulb => Tile::AGENT.on(Colour::YELLOW),
            (true, _) => Tile::AGENT.on(Colour::GREY),
            (false, true) => Tile::new('o', Mark::Disc, Colour::GREEN),
            (false, false) => Tile::new('.', Mark::Ring, Colour::GREY),
        });
        let (day, bulb) = (self.days, if self.bulb { "on" } else { "off" });
        Some(Picture::from(tiles).with_caption(format!("{day} of {} days over, the bulb is {bulb}", self.all_days())))
    }
}

/// Switch riddles: `SwitchRiddle-v0`.
///
/// # Description
/// n prisoners, `prisoner_0` and so on. Each day one of them, drawn anew among all, is in a room with a bulb. It may switch
/// the bulb, on or off, or tell the warden that everybody has been in the room. If that is true all are free, otherwise all
/// are lost. The others see nothing of it.
///
/// # Action space
/// `Discrete(3)`: nothing, switch, tell. Only what the prisoner in the room does counts.
///
/// # Observation space
/// `MultiBinary(2)`: whether one is in the room, and whether the bulb is on, which only the prisoner in the room sees; for
/// the others it is 0.
///
/// # Rewards
/// The same for all: when somebody tells, 1 if everybody has been in the room, today included, and -1 if not. Otherwise 0,
/// also when the last day is over and nobody has told.
///
/// # Starting state
/// The bulb is off, and nobody has been in the room but the prisoner who is called on the first day.
///
/// # Episode end
/// Terminated when somebody tells, or after 4n - 6 days: no more is to be had then. Lifetimes are 100 episodes long by default.
///
/// # Arguments
/// `agents` (3): how many prisoners.
///
/// # Differences from the source
/// The riddle with its days and rewards is that of Foerster et al. 2016 (arXiv 1605.06676), whose prisoners send a bit that
/// whoever comes next receives; that the bulb is switched by an action and stays as it is otherwise, that it is off at first,
/// and what is seen, is as in JaxMARL (Rutherford et al. 2023). On the day that ends the episode nobody is called any more.
/// The paper reports shares of what is earned by prisoners who know who has been there; three of them earn 0.741, since with
/// that chance all are called in six days. The length of a lifetime is ours.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SwitchRiddles {
    /// How many prisoners.
    pub agents: usize,
}

impl Default for SwitchRiddles {
    fn default() -> Self {
        SwitchRiddles { agents: 3 }
    }
}

impl TeamDistribution for SwitchRiddles {
    fn sample(&self, _: &mut Rng) -> Box<dyn TeamEnvironment> {
        match SwitchRiddle::new(self.agents) {
            Ok(riddle) => Box::new(riddle),
            Err(reason) => panic!("{reason}"),
        }
    }
}

impl TeamFamily for SwitchRiddles {
    fn check(&self) -> Result<(), String> {
        SwitchRiddle::new(self.agents).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::check_team_distribution;
    use super::super::observation_buffers;
    use super::*;
    use crate::stream;

    /// A riddle and what is needed to live through it.
    struct Prison {
        riddle: SwitchRiddle,
        rng: Rng,
        seen: Box<Observations>,
    }

    impl Prison {
        fn new(agents: usize) -> Self {
            let riddle = SwitchRiddle::new(agents).unwrap();
            let mut prison =
                Prison { seen: observation_buffers(&riddle), riddle, rng: stream(0, "riddle", &[agents as u64]) };
            prison.reset();
            prison
        }

        fn reset(&mut self) {
            self.riddle.reset(&mut self.rng, &mut self.seen);
        }

        /// The step of all, by what each does.
        fn day(&mut self, action: impl Fn(usize) -> usize) -> Step {
            let agents = self.riddle.been.len();
            let actions: Vec<_> = (0..agents).map(|agent| Some(Action::Discrete(action(agent)))).collect();
            let mut steps = vec![Step::going_on(f64::NAN); agents];
            self.riddle.step(&actions, &mut self.rng, &mut self.seen, &mut steps);
            assert!(steps.iter().all(|step| *step == steps[0]), "all share one fate");
            steps[0]
        }
    }

    #[test]
    fn only_who_is_in_the_room_sees_the_bulb_switches_it_and_tells() {
        let mut prison = Prison::new(4);
        let mut bulb = false;
        for day in 1..10 {
            let inside = prison.riddle.inside;
            for (agent, seen) in prison.seen.iter().enumerate() {
                let expected = if agent == inside { [1.0, f32::from(u8::from(bulb))] } else { [0.0, 0.0] };
                assert_eq!(**seen, expected);
            }
            // The others would tell, and are not heard.
            let switches = day % 3 != 0;
            let step = prison.day(|agent| if agent != inside { TELL } else { usize::from(switches) * SWITCH });
            assert_eq!(step, Step::going_on(0.0));
            bulb ^= switches;
            assert_eq!(prison.riddle.bulb, bulb);
        }
        let last = prison.day(|_| 0);
        assert_eq!((last.reward, last.terminated, prison.riddle.days), (0.0, true, 10), "4 prisoners have 10 days");
    }

    #[test]
    fn telling_is_good_from_the_day_on_which_the_last_is_in_the_room() {
        let mut prison = Prison::new(3);
        let mut told = [0; 2];
        for _ in 0..200 {
            prison.reset();
            let mut been = [false; 3];
            let step = loop {
                been[prison.riddle.inside] = true;
                let all = been == [true; 3];
                let tells = all || prison.riddle.days == 4;
                let step = prison.day(|_| if tells { TELL } else { 0 });
                if tells {
                    assert_eq!(step.reward, if all { 1.0 } else { -1.0 });
                    break step;
                }
                assert_eq!(step, Step::going_on(0.0));
            };
            assert!(step.terminated);
            told[usize::from(step.reward > 0.0)] += 1;
        }
        assert!(told.iter().all(|&count| count > 40), "{told:?}: both have happened");
    }

    #[test]
    fn counting_is_never_wrong() {
        // Prisoner 0 counts: it puts the light out, and tells when it has found it on twice. Each of the others puts it on
        // once, when it finds it off. They are free if the days bring one of the two others, then prisoner 0, then the
        // last, then prisoner 0: waiting for the first takes a geometric number of days of 2/3, for each of the others one of
        // 1/3. All four fit into six days with probability 2/3 * 17/81 + 2/9 * 1/9 + 2/27 * 1/27 = 122/729.
        let mut prison = Prison::new(3);
        let (mut free, lives) = (0, 20_000);
        for _ in 0..lives {
            prison.reset();
            let (mut counted, mut shown) = (0, [false; 3]);
            loop {
                let inside = prison.riddle.inside;
                let on = prison.seen[inside][1] == 1.0;
                counted += usize::from(inside == 0 && on);
                let shows = inside != 0 && !on && !shown[inside];
                shown[inside] |= shows;
                let switches = shows || (inside == 0 && on);
                let step = prison.day(|_| if counted == 2 { TELL } else { usize::from(switches) * SWITCH });
                assert!(step.reward >= 0.0);
                free += u32::from(step.reward == 1.0);
                if step.terminated {
                    break;
                }
            }
        }
        let share = f64::from(free) / f64::from(lives);
        assert!((share - 122.0 / 729.0).abs() < 0.012, "{share}: standard error 0.0026");
    }

    #[test]
    fn the_checker_finds_nothing() {
        check_team_distribution(SwitchRiddles::default()).assert_clean();
        check_team_distribution(SwitchRiddles { agents: 5 }).assert_clean();
    }

    #[test]
    fn impossible_parameters_are_refused_clearly() {
        for agents in [0, 2, 1001] {
            let error = SwitchRiddles { agents }.check().unwrap_err();
            assert!(error.contains(&format!("`agents` is {agents}: the riddle is for 3 to 1000")), "{error}");
        }
    }
}
