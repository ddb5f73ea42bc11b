//! speedscope's own format (<https://www.speedscope.app/file-format-schema.json>): a profile of each
//! arm, frames shared.

use super::{names, quantity, stacks};
use crate::Error;
use crate::clean::clean;
use recording::comparison::{Flame, FlameGraph};
use serde::Serialize;
use std::io::Write;

const SCHEMA: &str = "https://www.speedscope.app/file-format-schema.json";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    exporter: &'static str,
    name: String,
    active_profile_index: usize,
    shared: Shared<'a>,
    profiles: Vec<Profile>,
}

#[derive(Serialize)]
struct Shared<'a> {
    frames: Vec<Frame<'a>>,
}

#[derive(Serialize)]
struct Frame<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    file: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    r#type: &'static str,
    name: String,
    unit: &'static str,
    start_value: f64,
    end_value: f64,
    samples: Vec<Vec<usize>>,
    weights: Vec<f64>,
}

pub(super) fn write(flame: &Flame, out: &mut dyn Write) -> Result<(), Error> {
    let names = names(flame);
    let frames = names.iter().zip(&flame.frames).map(|(name, frame)| Frame {
        name,
        file: clean(&frame.module),
    });
    let file = File {
        schema: SCHEMA,
        exporter: "kontrast",
        name: quantity(flame),
        active_profile_index: 0,
        shared: Shared {
            frames: frames.collect(),
        },
        profiles: flame
            .arms
            .iter()
            .map(|graph| profile(flame, graph))
            .collect(),
    };
    serde_json::to_writer(&mut *out, &file)?;
    writeln!(out)?;
    Ok(())
}

fn profile(flame: &Flame, graph: &FlameGraph) -> Profile {
    let stacks = stacks(flame, graph);
    let weights: Vec<f64> = stacks.iter().map(|stack| stack.ns).collect();
    Profile {
        r#type: "sampled",
        name: format!("{}: {}", clean(&graph.arm), quantity(flame)),
        unit: "nanoseconds",
        start_value: 0.0,
        end_value: weights.iter().sum(),
        samples: stacks.into_iter().map(|stack| stack.frames).collect(),
        weights,
    }
}
