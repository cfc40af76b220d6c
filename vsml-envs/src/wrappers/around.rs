//! Puts wrappers around every task of a distribution.

use super::normalise_reward::DISCOUNT;
use super::*;
use crate::lifetime::guard;
use crate::{Common, Environment, Rng, TaskDistribution, stream};
use rand::Rng as _;
use std::sync::Arc;

/// Puts around each task of `distribution` the wrappers that `common` asks for; its lifetime's length is not looked at.
///
/// From the inside out:
///
/// 1. what is carried out: `sticky_actions`, `repeat_actions`;
/// 2. when an episode is cut off: `time_limit`, which counts what the learner does, not what is repeated (a family's own
///    `max_episode_steps` counts the environment's steps);
/// 3. how actions look: `rescale_actions`, `discretise_actions`, `clip_actions`, `permute_actions`;
/// 4. what is paid: `scale_reward` and `shift_reward`, `sparse_reward`, `delay_reward`, `normalise_reward`, and last
///    `clip_reward`, so that no reward outside its bounds reaches a learner;
/// 5. in which units the environment's own numbers are seen, in the places where it shows them: `mask_observations`,
///    `normalise_observations`, `clip_observations`, `rescale_observations`;
/// 6. in what the tasks differ: `mirror_observations`, `scale_observations` and `shift_observations`,
///    `duplicate_observations`, `pad_observations`, `permute_observations`, `project_observations`. A factor therefore
///    belongs to what an observation means, not to the place where the learner finds it, and it is an image's pixels that
///    are permuted, not what is seen of them;
/// 7. what is lost on the way to the learner: `noise_observations`, `drop_observations`;
/// 8. what else the learner is shown: `stack_observations`, which shows old observations as they were seen,  and
///    `time_aware` and `reward_aware`, which are never shuffled or noisy.
///
/// There is nothing that flattens observations: they are flat.
///
/// If any wrapper is asked for, one task is drawn here and now (from a stream that no lifetime uses), so that a wrapper
/// which does not fit is refused when the configuration is read. Should a later task of the same distribution have
/// other spaces, which do not fit, drawing it panics, and its lifetime ends with a [`Fault`](crate::Fault).
///
/// # Errors
/// A parameter that makes no sense, a space that a wrapper cannot wrap, or a task that cannot be drawn.
pub fn wrap(distribution: Arc<dyn TaskDistribution>, common: &Common) -> Result<Arc<dyn TaskDistribution>, String> {
    if common.time_limit == Some(0) {
        return Err("an episode must have at least one step: give `time_limit` of 1 or more".into());
    }
    if common.sparse_reward && common.delay_reward.is_some() {
        let reason = "the last step of an episode pays what is outstanding";
        return Err(format!("`delay_reward` does nothing beside `sparse_reward`: {reason}. Leave one of them out"));
    }
    if common.time_aware && common.time_limit.is_none() {
        return Err("`time_aware` needs to know how long an episode may be: give `time_limit`, too".into());
    }
    for (name, span) in [("scale", common.scale_observations), ("shift", common.shift_observations)] {
        if span.is_some_and(|span| span.low() < f64::from(f32::MIN) || span.high() > f64::from(f32::MAX)) {
            return Err(format!("`{name}_observations` reaches beyond what an f32 can hold"));
        }
    }
    let nothing = Common { steps: common.steps, episodes: common.episodes, ..Common::default() };
    if *common == nothing {
        return Ok(distribution);
    }
    let wrapped = Wrapped { inner: distribution, common: common.clone() };
    let mut rng = stream(0, "wrappers/probe", &[]);
    let inner = guard("the task distribution", || wrapped.inner.sample(&mut rng)).map_err(|fault| fault.to_string())?;
    guard("the wrappers", || put_around(inner, common, &mut rng).map(drop))
        .map_err(|fault| fault.to_string())?
        .map_err(|error| error.to_string())?;
    Ok(Arc::new(wrapped))
}

/// The list of [`wrap`], from the inside out.
fn put_around(
    task: Box<dyn Environment>,
    common: &Common,
    rng: &mut Rng,
) -> Result<Box<dyn Environment>, WrapperError> {
    let affine = |scale: Option<Span>, shift: Option<Span>| {
        let asked = scale.is_some() || shift.is_some();
        asked.then(|| (scale.unwrap_or(Span::single(1.0)), shift.unwrap_or(Span::single(0.0))))
    };
    let reward = affine(common.scale_reward, common.shift_reward);
    let observations = affine(common.scale_observations, common.shift_observations);
    let masked = common.mask_observations.as_ref();
    let time = common.time_limit.filter(|_| common.time_aware);

    let layers = Layers { task, seed: rng.next_u64() }
        .put("sticky_actions", common.sticky_actions, |task, p, rng| StickyActions::new(task, p, rng.clone()))?
        .put("repeat_actions", common.repeat_actions, |task, n, _| RepeatActions::new(task, n))?
        .put("time_limit", common.time_limit, |task, limit, _| Ok(TimeLimit::new(task, limit)))?
        .put_if("rescale_actions", common.rescale_actions, |task, _| RescaleActions::new(task))?
        .put("discretise_actions", common.discretise_actions, |task, n, _| DiscretiseActions::new(task, n))?
        .put_if("clip_actions", common.clip_actions, |task, _| ClipActions::new(task))?
        .put_if("permute_actions", common.permute_actions, PermuteActions::random)?
        .put("affine_reward", reward, |task, (scale, shift), rng| AffineReward::random(task, scale, shift, rng))?
        .put_if("sparse_reward", common.sparse_reward, |task, _| Ok(SparseReward::new(task)))?
        .put("delay_reward", common.delay_reward, |task, n, _| DelayReward::new(task, n))?
        .put_if("normalise_reward", common.normalise_reward, |task, _| NormaliseReward::new(task, DISCOUNT))?
        .put("clip_reward", common.clip_reward, |task, bounds, _| ClipReward::new(task, bounds))?
        .put("mask_observations", masked, |task, places, _| MaskObservations::new(task, places))?
        .put_if("normalise_observations", common.normalise_observations, |task, _| {
            Ok(NormaliseObservations::new(task))
        })?
        .put("clip_observations", common.clip_observations, |task, bounds, _| ClipObservations::new(task, bounds))?
        .put_if("rescale_observations", common.rescale_observations, |task, _| RescaleObservations::new(task))?
        .put_if("mirror_observations", common.mirror_observations, AffineObservations::mirrored)?
        .put("affine_observations", observations, |task, (a, b), rng| AffineObservations::random(task, a, b, rng))?
        .put("duplicate_observations", common.duplicate_observations, DuplicateObservations::random)?
        .put("pad_observations", common.pad_observations, |task, n, rng| PadObservations::new(task, n, rng.clone()))?
        .put_if("permute_observations", common.permute_observations, PermuteObservations::random)?
        .put("project_observations", common.project_observations, ProjectObservations::random)?
        .put("noise_observations", common.noise_observations, |task, s, rng| {
            NoiseObservations::new(task, s, rng.clone())
        })?
        .put("drop_observations", common.drop_observations, |task, p, rng| DropObservations::new(task, p, rng.clone()))?
        .put("stack_observations", common.stack_observations, |task, n, _| StackObservations::new(task, n))?
        .put("time_aware", time, |task, limit, _| TimeAwareObservations::new(task, limit))?
        .put_if("reward_aware", common.reward_aware, |task, _| RewardAwareObservations::new(task))?;
    Ok(layers.task)
}

/// A task, and the seed of the streams of what is put around it.
struct Layers {
    task: Box<dyn Environment>,
    seed: u64,
}

impl Layers {
    /// Puts one more wrapper around the task if it is `asked` for. What it draws comes from the stream of its `name`.
    fn put<A, E: Environment + 'static>(
        self,
        name: &str,
        asked: Option<A>,
        wrapper: impl FnOnce(Box<dyn Environment>, A, &mut Rng) -> Result<E, WrapperError>,
    ) -> Result<Self, WrapperError> {
        let Some(asked) = asked else { return Ok(self) };
        let task = wrapper(self.task, asked, &mut stream(self.seed, name, &[]))?;
        Ok(Layers { task: Box::new(task), seed: self.seed })
    }

    /// As [`Layers::put`], where there is nothing to say about the wrapper but whether it is asked for.
    fn put_if<E: Environment + 'static>(
        self,
        name: &str,
        asked: bool,
        wrapper: impl FnOnce(Box<dyn Environment>, &mut Rng) -> Result<E, WrapperError>,
    ) -> Result<Self, WrapperError> {
        self.put(name, asked.then_some(()), |task, (), rng| wrapper(task, rng))
    }
}

/// A distribution whose tasks all get the wrappers that `common` asks for.
struct Wrapped {
    inner: Arc<dyn TaskDistribution>,
    common: Common,
}

impl TaskDistribution for Wrapped {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        let task = self.inner.sample(rng);
        match put_around(task, &self.common, rng) {
            Ok(task) => task,
            Err(error) => panic!("{error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, BernoulliBandit, Space, Step};
    use rand::RngExt;

    #[derive(Clone)]
    struct Groups;

    impl Environment for Groups {
        fn observation_space(&self) -> Space {
            Space::MultiDiscrete { sizes: vec![2, 3] }
        }
        fn action_space(&self) -> Space {
            Space::MultiDiscrete { sizes: vec![2, 3] }
        }
        fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
            observation.copy_from_slice(&[1.0, 0.0, 0.0, 1.0, 0.0]);
        }
        fn step(&mut self, _: Action<'_>, _: &mut Rng, _: &mut [f32]) -> Step {
            Step::going_on(0.0)
        }
    }

    fn bandits(rng: &mut Rng) -> BernoulliBandit {
        BernoulliBandit::new((0..5).map(|_| rng.random()).collect()).unwrap()
    }

    #[test]
    fn a_wrapper_changes_neither_the_task_nor_another_wrapper() {
        let means = |common: Common| {
            let tasks = wrap(Arc::new(bandits), &common).unwrap();
            tasks.sample(&mut stream(5, "task", &[])).expected_rewards().unwrap().to_vec()
        };
        let plain = means(Common::default());
        let limited = means(Common { time_limit: Some(3), ..Common::default() });
        assert_eq!(plain, limited);
        let permuted = means(Common { permute_actions: true, ..Common::default() });
        let both = means(Common {
            permute_actions: true,
            permute_observations: true,
            project_observations: Some(4),
            scale_observations: Some(Span::single(2.0)),
            time_limit: Some(3),
            ..Common::default()
        });
        assert_ne!(plain, permuted);
        assert_eq!(permuted, both, "the order of the actions does not depend on other wrappers");
        let sorted = |mut means: Vec<f64>| {
            means.sort_by(f64::total_cmp);
            means
        };
        assert_eq!(sorted(plain), sorted(permuted));
    }

    /// Adds to a place on a line what it is told to, and some noise; the reward is the place.
    #[derive(Clone)]
    struct Line(f64);

    impl Environment for Line {
        fn observation_space(&self) -> Space {
            Space::uniform_box(-1e3, 1e3, 3)
        }
        fn action_space(&self) -> Space {
            Space::Box { low: vec![-1.0, 0.0], high: vec![3.0, 2.0], shape: vec![2] }
        }
        fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
            self.0 = rng.random();
            observation.copy_from_slice(&[self.0 as f32, 1.0, -2.0 * self.0 as f32]);
        }
        fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
            let [one, other] = *action.numbers() else { panic!("two numbers") };
            self.0 += f64::from(one) - 0.5 * f64::from(other) + rng.random::<f64>() - 0.5;
            observation.copy_from_slice(&[self.0 as f32, one, other]);
            Step::going_on(self.0)
        }
    }

    /// Three episodes of a random player.
    fn lived(mut environment: Box<dyn Environment>) -> Vec<(Vec<f32>, Option<Step>)> {
        let (mut rng, mut player) = (stream(0, "wrap", &[]), stream(0, "player", &[]));
        let mut observation = vec![0.0; environment.observation_space().flat_len()];
        let mut lived: Vec<(Vec<f32>, Option<Step>)> = Vec::new();
        for _ in 0..3 {
            environment.reset(&mut rng, &mut observation);
            lived.push((observation.clone(), None));
            while !lived.last().is_some_and(|(_, step)| step.is_some_and(|step| step.ended())) {
                let action = environment.action_space().sample(&mut player);
                let step = environment.step(action.borrow(), &mut rng, &mut observation);
                lived.push((observation.clone(), Some(step)));
            }
        }
        lived
    }

    #[test]
    fn wrappers_lie_around_a_task_in_the_order_that_is_promised() {
        let span = Span::between;
        let everything = Common {
            sticky_actions: Some(0.5),
            repeat_actions: Some(2),
            time_limit: Some(9),
            rescale_actions: true,
            clip_actions: true,
            permute_actions: true,
            scale_reward: Some(span(0.5, 2.0)),
            shift_reward: Some(span(-1.0, 1.0)),
            delay_reward: Some(2),
            normalise_reward: true,
            clip_reward: Some(span(-2.0, 2.0)),
            mask_observations: Some(Places(vec![1])),
            normalise_observations: true,
            clip_observations: Some(span(-1.5, 1.25)),
            rescale_observations: true,
            mirror_observations: true,
            scale_observations: Some(span(0.5, 2.0)),
            shift_observations: Some(span(-1.0, 1.0)),
            duplicate_observations: Some(2),
            pad_observations: Some(2),
            permute_observations: true,
            project_observations: Some(4),
            noise_observations: Some(0.1),
            drop_observations: Some(0.2),
            stack_observations: Some(2),
            time_aware: true,
            reward_aware: true,
            ..Common::default()
        };
        let task = || stream(3, "task", &[]);
        let own = |name: &str| stream(task().next_u64(), name, &[]);
        let around =
            |common: &Common| lived(wrap(Arc::new(|_: &mut Rng| Line(0.0)), common).unwrap().sample(&mut task()));

        let carried_out = || {
            let task = StickyActions::new(Line(0.0), 0.5, own("sticky_actions")).unwrap();
            TimeLimit::new(RepeatActions::new(task, 2).unwrap(), 9)
        };
        let acted = ClipActions::new(RescaleActions::new(carried_out()).unwrap()).unwrap();
        let acted = PermuteActions::random(acted, &mut own("permute_actions")).unwrap();
        let (scale, shift, mut rng) = (span(0.5, 2.0), span(-1.0, 1.0), own("affine_reward"));
        let paid = DelayReward::new(AffineReward::random(acted, scale, shift, &mut rng).unwrap(), 2).unwrap();
        let paid = ClipReward::new(NormaliseReward::new(paid, DISCOUNT).unwrap(), span(-2.0, 2.0)).unwrap();
        let seen = NormaliseObservations::new(MaskObservations::new(paid, &Places(vec![1])).unwrap());
        let seen = RescaleObservations::new(ClipObservations::new(seen, span(-1.5, 1.25)).unwrap()).unwrap();
        let seen = AffineObservations::mirrored(seen, &mut own("mirror_observations")).unwrap();
        let seen = AffineObservations::random(seen, scale, shift, &mut own("affine_observations")).unwrap();
        let seen = DuplicateObservations::random(seen, 2, &mut own("duplicate_observations")).unwrap();
        let seen = PadObservations::new(seen, 2, own("pad_observations")).unwrap();
        let seen = PermuteObservations::random(seen, &mut own("permute_observations")).unwrap();
        let seen = ProjectObservations::random(seen, 4, &mut own("project_observations")).unwrap();
        let seen = NoiseObservations::new(seen, 0.1, own("noise_observations")).unwrap();
        let seen = DropObservations::new(seen, 0.2, own("drop_observations")).unwrap();
        let seen = TimeAwareObservations::new(StackObservations::new(seen, 2).unwrap(), 9).unwrap();
        let seen = RewardAwareObservations::new(seen).unwrap();
        assert_eq!(around(&everything), lived(Box::new(seen)));

        let discrete = Common {
            discretise_actions: Some(3),
            clip_actions: false,
            sparse_reward: true,
            delay_reward: None,
            mask_observations: None,
            normalise_observations: false,
            clip_observations: None,
            ..everything
        };
        let acted = DiscretiseActions::new(RescaleActions::new(carried_out()).unwrap(), 3).unwrap();
        let acted = PermuteActions::random(acted, &mut own("permute_actions")).unwrap();
        let paid = AffineReward::random(acted, scale, shift, &mut own("affine_reward")).unwrap();
        let paid = NormaliseReward::new(SparseReward::new(paid), DISCOUNT).unwrap();
        let paid = ClipReward::new(paid, span(-2.0, 2.0)).unwrap();
        let rewards =
            |lived: Vec<(Vec<f32>, Option<Step>)>| lived.into_iter().map(|(_, step)| step).collect::<Vec<_>>();
        assert_eq!(rewards(around(&discrete)), rewards(lived(Box::new(paid))));
    }

    #[test]
    fn every_parameter_has_its_effect() {
        // Each with what the effect needs to be seen: an episode that ends, or numbers that are bounded.
        let values = [
            ("sticky_actions", "0.5"),
            ("repeat_actions", "2"),
            ("time_limit", "4"),
            ("rescale_actions", "true"),
            ("discretise_actions", "3"),
            ("clip_actions", "true"),
            ("permute_actions", "true"),
            ("scale_reward", "2"),
            ("shift_reward", "2"),
            ("sparse_reward", "true"),
            ("delay_reward", "1"),
            ("normalise_reward", "true"),
            ("clip_reward", "\"-0.1..0.1\""),
            ("mask_observations", "0"),
            ("normalise_observations", "true"),
            ("clip_observations", "\"-0.1..0.1\""),
            ("rescale_observations", "true"),
            ("mirror_observations", "true"),
            ("scale_observations", "2"),
            ("shift_observations", "2"),
            ("duplicate_observations", "1"),
            ("pad_observations", "1"),
            ("permute_observations", "true"),
            ("project_observations", "3"),
            ("noise_observations", "0.1"),
            ("drop_observations", "0.5"),
            ("stack_observations", "2"),
            ("time_aware", "true"),
            ("reward_aware", "true"),
        ];
        let around = |json: &str| {
            let common: Common = serde_json::from_str(json).unwrap();
            lived(wrap(Arc::new(|_: &mut Rng| Line(0.0)), &common).unwrap().sample(&mut stream(9, "task", &[])))
        };
        let plain = around("{\"time_limit\": 5}");
        for (name, value) in values {
            let others = if name == "time_limit" { "" } else { ", \"time_limit\": 5" };
            assert_ne!(around(&format!("{{\"{name}\": {value}{others}}}")), plain, "{name}");
        }
        let named: Vec<&str> = values.map(|(name, _)| name).to_vec();
        assert_eq!(named, Common::KEYS[2..], "every parameter but a lifetime's length is a wrapper's");
    }

    #[test]
    fn what_cannot_be_wrapped_is_refused_at_once() {
        let refuse = |common: Common| wrap(Arc::new(|_: &mut Rng| Groups), &common).err().unwrap();
        assert!(refuse(Common { time_limit: Some(0), ..Common::default() }).contains("time_limit"));
        let reason = refuse(Common { permute_actions: true, ..Common::default() });
        assert!(reason.contains("PermuteActions") && reason.contains("torn apart"), "{reason}");
        let reason = refuse(Common { permute_observations: true, ..Common::default() });
        assert!(reason.contains("PermuteObservations"), "{reason}");
        let reason = refuse(Common { scale_observations: Some(Span::single(1e300)), ..Common::default() });
        assert!(reason.contains("scale_observations"), "{reason}");
        let reason = refuse(Common { project_observations: Some(3), ..Common::default() });
        assert!(reason.contains("only the numbers of a Box"), "{reason}");
    }

    #[test]
    fn a_distribution_that_panics_is_an_error_when_probed() {
        crate::quiet_environment_panics();
        let broken = |_: &mut Rng| -> BernoulliBandit { panic!("no such task") };
        let reason = wrap(Arc::new(broken), &Common { time_limit: Some(1), ..Common::default() }).err().unwrap();
        assert!(reason.contains("no such task"), "{reason}");
    }
}
