//! A segment of a life as one operation of candle's.
//!
//! candle differentiates a graph of operations by recursion, which ends in a stack overflow where a life is long, and at a
//! cost of about a microsecond for each of some ten operations on a tick's critical path. Here a whole [`Segment`] is *one*
//! operation with its own way back on the project's kernels: depth 1, however long, at the kernels' speed.
//! What comes out are ordinary tensors, so a loss, another network in front or behind, and an optimizer can be candle's.

use crate::{Kernel, Segment, SegmentRun, State, SubRnn, SubRnnConfig};
use candle_core::{CpuStorage, CustomOp3, Error, Layout, Result, Shape, Tensor};
use std::sync::{Mutex, PoisonError};

struct SegmentOp {
    segment: Segment,
    config: SubRnnConfig,
    kernel: Kernel,
    /// What the way there leaves for the way back.
    done: Mutex<Option<(SubRnn, SegmentRun)>>,
}

/// Lives through `segment`, differentiably, given the meta-parameters `theta` (flat, as [`Layout`](crate::Layout) has them),
/// the `states` at the beginning (batch × [`Segment::state_len`], as [`State::pack`] makes them) and the `rows` put in
/// (steps × batch × [`Segment::row_len`]). Gives the outputs (steps × batch × outputs) and the states at the end, which a
/// next segment can begin with: as they are, or `detach`ed for truncated back-propagation.
///
/// All are `f32` on the CPU. Gradients flow to all three arguments; second derivatives there are none.
///
/// ```
/// use candle_core::{Device, Tensor, Var};
/// use rand::SeedableRng;
/// use vsml_core::{Drive, Feedback, Kernel, Layout, Segment, State, SubRnnConfig, Topology};
///
/// let config = SubRnnConfig::vsml();
/// let mut rng = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(1);
/// let theta = Layout::new(&config).initialise(&mut rng);
/// let theta = Var::from_vec(theta, Layout::new(&config).len(), &Device::Cpu)?;
///
/// // Eight examples of 3 inputs, each with one of 2 labels.
/// let drive = Drive::Supervised { feedback: Feedback::CrossEntropy, feed_label: true, steps: 8 };
/// let segment = Segment { topology: Topology::dense(&[3, 2])?, batch: 1, drive };
/// let mut state = State::zeros(&config, &segment.topology)?;
/// state.randomise(&mut rng);
/// let states = Tensor::from_vec(state.pack(), (1, segment.state_len(&config)), &Device::Cpu)?;
/// let rows: Vec<f32> = (0..8).flat_map(|i| [1.0, 0.5, -1.0, (i % 2) as f32, 1.0 - (i % 2) as f32]).collect();
/// let rows = Tensor::from_vec(rows, (8, 1, 5), &Device::Cpu)?;
///
/// let (outputs, _) = vsml_core::segment(&segment, &config, Kernel::detect(), theta.as_tensor(), &states, &rows)?;
/// let loss = outputs.sqr()?.mean_all()?;
/// let gradient = loss.backward()?.get(&theta).unwrap().to_vec1::<f32>()?;
/// assert_eq!(gradient.len(), 2384);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Whatever does not fit: the configuration, the kernel, a shape.
pub fn segment(
    segment: &Segment,
    config: &SubRnnConfig,
    kernel: Kernel,
    theta: &Tensor,
    states: &Tensor,
    rows: &Tensor,
) -> Result<(Tensor, Tensor)> {
    let (steps, batch, outputs) = (segment.steps(), segment.batch, segment.topology.outputs());
    let op = SegmentOp { segment: segment.clone(), config: config.clone(), kernel, done: Mutex::new(None) };
    let all = theta.contiguous()?.apply_op3(&states.contiguous()?, &rows.contiguous()?, op)?;
    let count = steps * batch * outputs;
    let states = all.narrow(0, count, all.elem_count() - count)?.reshape((batch, segment.state_len(config)))?;
    Ok((all.narrow(0, 0, count)?.reshape((steps, batch, outputs))?, states))
}

fn numbers<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let (start, end) = layout.contiguous_offsets().ok_or_else(|| Error::Msg("a tensor is not contiguous".into()))?;
    Ok(&storage.as_slice::<f32>()?[start..end])
}

impl SegmentOp {
    fn states(&self, packed: &[f32]) -> Result<Vec<State>> {
        let zeros = State::zeros(&self.config, &self.segment.topology).map_err(Error::wrap)?;
        let len = self.segment.state_len(&self.config);
        if packed.len() != self.segment.batch * len {
            let expected = format!("{} × {len}", self.segment.batch);
            return Err(Error::Msg(format!("states hold {} numbers, {expected} are needed", packed.len())));
        }
        let unpack = |numbers: &[f32]| {
            let mut state = zeros.clone();
            state.unpack(numbers);
            state
        };
        Ok(packed.chunks_exact(len).map(unpack).collect())
    }
}

impl CustomOp3 for SegmentOp {
    fn name(&self) -> &'static str {
        "vsml-segment"
    }

    fn cpu_fwd(
        &self,
        theta: &CpuStorage,
        of_theta: &Layout,
        states: &CpuStorage,
        of_states: &Layout,
        rows: &CpuStorage,
        of_rows: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let sub_rnn = SubRnn::new(&self.config, numbers(theta, of_theta)?, self.kernel).map_err(Error::wrap)?;
        let states = self.states(numbers(states, of_states)?)?;
        let run = self.segment.run(&sub_rnn, states, numbers(rows, of_rows)?).map_err(Error::wrap)?;
        let mut all = run.outputs.clone();
        run.states.iter().for_each(|state| all.extend(state.pack()));
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = Some((sub_rnn, run));
        let shape = Shape::from(all.len());
        Ok((CpuStorage::F32(all), shape))
    }

    fn bwd(
        &self,
        theta: &Tensor,
        states: &Tensor,
        rows: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let (sub_rnn, run) = done.as_ref().ok_or_else(|| Error::Msg("a segment was never run".into()))?;
        let gradient = gradient.flatten_all()?.to_vec1::<f32>()?;
        let (of_outputs, of_states) = gradient.split_at(run.outputs.len());
        let of_states = self.states(of_states)?;
        let found = self.segment.back_propagate(sub_rnn, run, of_outputs, Some(&of_states)).map_err(Error::wrap)?;
        let tensor = |values: Vec<f32>, like: &Tensor| Tensor::from_vec(values, like.shape(), like.device()).map(Some);
        let packed = found.states.iter().flat_map(State::pack).collect();
        let of_theta = found.theta.iter().map(|x| *x as f32).collect();
        Ok((tensor(of_theta, theta)?, tensor(packed, states)?, tensor(found.rows, rows)?))
    }
}
