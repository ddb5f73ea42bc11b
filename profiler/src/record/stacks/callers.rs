//! Callers in the kernel for samples that kept the interrupted function only.
//!
//! Chance decides which samples keep their callers, so that samples in one function of the kernel
//! and one system call differ in nothing else. Those that kept none get the callers of those that
//! did, each set of callers as often as it was seen.

use super::names::kernel_frames;
use profiler_common::CallStack;
use profiler_common::call_stack::{CALL_SHIFT, CALLERS_UNREAD, IN_SYSCALL};
use recording::stacks::KernelCallers;
use std::collections::BTreeMap;

/// Samples that are alike: in a system call or not, its number, and the interrupted function.
type Alike = (u32, u32, String);

/// A set of callers: how often it was seen, and given to other samples.
#[derive(Debug, Default)]
struct Callers {
    frames: Vec<u64>,
    seen: u64,
    given: u64,
}

/// The callers that samples kept.
#[derive(Debug, Default)]
pub struct KnownCallers {
    callers: BTreeMap<Alike, Vec<Callers>>,
    /// Samples that were completed, by where their callers come from.
    pub completed: KernelCallers,
}

impl KnownCallers {
    /// Learns from the samples that kept their callers. `function` names code of the kernel.
    pub fn learn<'a>(
        samples: impl Iterator<Item = (u32, &'a CallStack, u64)>,
        function: impl Fn(u64) -> String,
    ) -> Self {
        let mut seen: BTreeMap<(Alike, &[u64]), u64> = BTreeMap::new();
        for (flags, stack, count) in samples {
            if flags & CALLERS_UNREAD == 0
                && let Some((innermost, callers)) = kernel_frames(stack).split_first()
            {
                let alike = alike(flags, function(*innermost));
                *seen.entry((alike, callers)).or_default() += count;
            }
        }
        let mut known = KnownCallers::default();
        for ((alike, frames), seen) in seen {
            let callers = Callers {
                frames: frames.to_vec(),
                seen,
                given: 0,
            };
            known.callers.entry(alike).or_default().push(callers);
        }
        known
    }

    /// Returns a stack with callers in the kernel for each of `count` samples that kept none, with
    /// the number of samples that get it. Without a sample alike the stack stays as it is.
    pub fn complete(
        &mut self,
        (flags, stack, count): (u32, &CallStack, u64),
        function: impl Fn(u64) -> String,
    ) -> Vec<(CallStack, u64)> {
        let whole = vec![(*stack, count)];
        let Some(innermost) = kernel_frames(stack).first() else {
            return whole;
        };
        if flags & CALLERS_UNREAD == 0 {
            self.completed.read += count;
            return whole;
        }
        let alike = alike(flags, function(*innermost));
        let Some(known) = self.callers.get_mut(&alike) else {
            self.completed.missing += count;
            return whole;
        };
        self.completed.estimated += count;
        let before: Vec<u64> = known.iter().map(|callers| callers.given).collect();
        for _ in 0..count {
            give_one(known);
        }
        let given = known.iter().zip(before);
        let given = given.map(|(callers, before)| (callers, callers.given - before));
        given
            .filter(|(_, count)| *count > 0)
            .map(|(callers, count)| (with_callers(stack, &callers.frames), count))
            .collect()
    }
}

/// Gives the callers that are the furthest behind their share once more (Sainte-Laguë).
fn give_one(known: &mut [Callers]) {
    let due = |callers: &Callers| callers.seen as f64 / (2 * callers.given + 1) as f64;
    let next = known.iter_mut().max_by(|a, b| due(a).total_cmp(&due(b)));
    if let Some(callers) = next {
        callers.given += 1;
    }
}

fn alike(flags: u32, function: String) -> Alike {
    (flags & IN_SYSCALL, flags >> CALL_SHIFT, function)
}

fn with_callers(stack: &CallStack, callers: &[u64]) -> CallStack {
    let mut stack = *stack;
    // They come from a stack of the same size, behind its innermost frame.
    let frames = 1 + callers.len();
    stack.kernel[1..frames].copy_from_slice(callers);
    stack.kernel_len = frames as u32;
    stack
}

#[cfg(test)]
mod tests {
    use super::*;
    use profiler_common::call_stack::{KERNEL_FRAMES, USER_FRAMES};

    const READ: u32 = IN_SYSCALL | 1 << CALL_SHIFT;
    const WRITE: u32 = IN_SYSCALL | 2 << CALL_SHIFT;

    fn stack(kernel: &[u64]) -> CallStack {
        let mut frames = [0; KERNEL_FRAMES];
        frames[..kernel.len()].copy_from_slice(kernel);
        CallStack {
            user_len: 0,
            kernel_len: kernel.len() as u32,
            top: 0,
            user: [0; USER_FRAMES],
            kernel: frames,
        }
    }

    /// Functions of 256 bytes.
    fn function(address: u64) -> String {
        format!("f{}", address / 256)
    }

    fn completed(
        known: &mut KnownCallers,
        flags: u32,
        at: u64,
        count: u64,
    ) -> Vec<(Vec<u64>, u64)> {
        let unread = (flags | CALLERS_UNREAD, &stack(&[at]), count);
        let completed = known.complete(unread, function);
        let frames = |(stack, count): (CallStack, u64)| (kernel_frames(&stack).to_vec(), count);
        completed.into_iter().map(frames).collect()
    }

    #[test]
    fn gives_callers_of_samples_alike_by_their_shares() {
        let (often, seldom, other) = (stack(&[256, 7]), stack(&[300, 8]), stack(&[256, 9]));
        let samples = [(READ, &often, 3), (READ, &seldom, 1), (WRITE, &other, 5)];
        let mut known = KnownCallers::learn(samples.into_iter(), function);
        let one = completed(&mut known, READ, 290, 1);
        assert_eq!(one, [(vec![290, 7], 1)]);
        let three = completed(&mut known, READ, 291, 3);
        assert_eq!(
            three,
            [(vec![291, 7], 2), (vec![291, 8], 1)],
            "together 3 to 1"
        );
        let of_write = completed(&mut known, WRITE, 256, 4);
        assert_eq!(of_write, [(vec![256, 9], 4)]);
        let sources = known.completed;
        assert_eq!(
            (sources.read, sources.estimated, sources.missing),
            (0, 8, 0)
        );
    }

    #[test]
    fn leaves_samples_without_one_alike_and_those_that_have_callers() {
        let seen = stack(&[256, 7]);
        let mut known = KnownCallers::learn([(READ, &seen, 1)].into_iter(), function);
        let alone = completed(&mut known, READ, 1_024, 2);
        assert_eq!(alone, [(vec![1_024], 2)]);
        let outside = completed(&mut known, 0, 256, 2);
        assert_eq!(outside, [(vec![256], 2)]);
        let whole = known.complete((READ, &seen, 4), function);
        assert_eq!(whole, [(seen, 4)]);
        let sources = known.completed;
        assert_eq!(
            (sources.read, sources.estimated, sources.missing),
            (4, 0, 4)
        );
    }
}
