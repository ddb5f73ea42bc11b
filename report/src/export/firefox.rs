//! The Firefox Profiler's processed format, a thread of each arm. Times are laid out one after the
//! other, since a flame graph has no order in time.
//!
//! The crate that writes the format has whole numbers as weights. Times are fractions of a
//! millisecond, which the format allows, so the weights are replaced.

use super::{names, quantity, stacks};
use crate::Error;
use crate::clean::clean;
use fxprof_processed_profile::{
    CategoryColor, CpuDelta, Frame, FrameFlags, FrameInfo, Profile, ReferenceTimestamp,
    SamplingInterval, Timestamp, WeightType,
};
use recording::comparison::{Flame, FlameFrame, FlameLevel};
use recording::vocabulary::CodePlace;
use serde_json::{Value, json};
use std::io::Write;

const NS_PER_MS: f64 = 1e6;

pub(super) fn write(flame: &Flame, out: &mut dyn Write) -> Result<(), Error> {
    let start = ReferenceTimestamp::from_millis_since_unix_epoch(0.0);
    let mut profile = Profile::new(
        &format!("kontrast: {}", quantity(flame)),
        start,
        SamplingInterval::from_millis(1),
    );
    profile.set_symbolicated(true);
    let kinds = [
        ("Ledger", CategoryColor::Gray),
        ("User", CategoryColor::Yellow),
        ("Kernel", CategoryColor::Orange),
    ];
    let categories = kinds.map(|(name, color)| profile.add_category(name, color));
    let names = names(flame);
    let functions = flame
        .frames
        .iter()
        .zip(&names)
        .map(|(frame, name)| FrameInfo {
            frame: Frame::Label(profile.intern_string(name)),
            category_pair: categories[category(frame)].into(),
            flags: FrameFlags::empty(),
        });
    let functions: Vec<FrameInfo> = functions.collect();
    let mut weights = Vec::new();
    for (id, graph) in (1u32..).zip(&flame.arms) {
        let arm = clean(&graph.arm);
        let zero = Timestamp::from_nanos_since_reference(0);
        let process = profile.add_process(&arm, id, zero);
        let thread = profile.add_thread(process, id, zero, true);
        profile.set_thread_name(thread, &arm);
        profile.set_thread_samples_weight_type(thread, WeightType::TracingMs);
        let (mut passed, mut of_thread) = (0.0, Vec::new());
        for stack in stacks(flame, graph) {
            let frames = stack.frames.iter().map(|frame| functions[*frame].clone());
            let frames = profile.intern_stack_frames(thread, frames);
            let at = Timestamp::from_nanos_since_reference(passed as u64);
            profile.add_sample(thread, at, frames, CpuDelta::ZERO, 1);
            of_thread.push(stack.ns / NS_PER_MS);
            passed += stack.ns;
        }
        weights.push(of_thread);
    }
    let mut json = serde_json::to_value(&profile)?;
    replace_weights(&mut json, weights);
    serde_json::to_writer(&mut *out, &json)?;
    writeln!(out)?;
    Ok(())
}

/// Returns the index of a frame's category.
fn category(frame: &FlameFrame) -> usize {
    match (frame.level, frame.place) {
        (FlameLevel::Function, Some(CodePlace::Kernel | CodePlace::Syscall)) => 2,
        (FlameLevel::Function, _) => 1,
        _ => 0,
    }
}

/// Gives each thread's samples their weights. Processes are numbered in the order of arms, and so
/// are the threads.
fn replace_weights(profile: &mut Value, weights: Vec<Vec<f64>>) {
    let threads = profile.get_mut("threads").and_then(Value::as_array_mut);
    for (thread, weights) in threads.into_iter().flatten().zip(weights) {
        thread["samples"]["weight"] = json!(weights);
    }
}
