//! pprof's format: a gzipped protocol buffer (`profile.proto` of github.com/google/pprof, of which
//! the messages below have the fields that are written here).

use super::{Whole, names, quantity, stacks, unit};
use crate::Error;
use crate::clean::clean;
use flate2::{Compression, write::GzEncoder};
use prost::Message;
use recording::comparison::Flame;
use std::collections::HashMap;
use std::io::Write;

#[derive(Clone, PartialEq, Message)]
struct Profile {
    #[prost(message, repeated, tag = "1")]
    sample_type: Vec<ValueType>,
    #[prost(message, repeated, tag = "2")]
    sample: Vec<Sample>,
    #[prost(message, repeated, tag = "4")]
    location: Vec<Location>,
    #[prost(message, repeated, tag = "5")]
    function: Vec<Function>,
    #[prost(string, repeated, tag = "6")]
    string_table: Vec<String>,
    #[prost(int64, repeated, tag = "13")]
    comment: Vec<i64>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct ValueType {
    #[prost(int64, tag = "1")]
    r#type: i64,
    #[prost(int64, tag = "2")]
    unit: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Sample {
    #[prost(uint64, repeated, tag = "1")]
    location_id: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    value: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct Location {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(message, repeated, tag = "4")]
    line: Vec<Line>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Line {
    #[prost(uint64, tag = "1")]
    function_id: u64,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Function {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(int64, tag = "2")]
    name: i64,
    #[prost(int64, tag = "3")]
    system_name: i64,
    #[prost(int64, tag = "4")]
    filename: i64,
}

pub(super) fn write(flame: &Flame, out: &mut dyn Write) -> Result<(), Error> {
    let mut builder = Builder::new();
    let quantity = builder.string(quantity(flame));
    let nanoseconds = builder.string("nanoseconds".into());
    builder.profile.sample_type.push(ValueType {
        r#type: quantity,
        unit: nanoseconds,
    });
    let comment = format!(
        "kontrast: on-CPU time in ns per {}, by the cost ledger",
        unit(flame)
    );
    let comment = builder.string(comment);
    builder.profile.comment.push(comment);
    for (name, frame) in names(flame).into_iter().zip(&flame.frames) {
        builder.location(name, clean(&frame.module));
    }
    builder.add_samples(flame);
    let mut gzip = GzEncoder::new(out, Compression::default());
    gzip.write_all(&builder.profile.encode_to_vec())?;
    gzip.finish()?;
    Ok(())
}

struct Builder {
    profile: Profile,
    strings: HashMap<String, i64>,
}

impl Builder {
    fn new() -> Self {
        let mut builder = Builder {
            profile: Profile::default(),
            strings: HashMap::new(),
        };
        // The first string is the empty one.
        builder.string(String::new());
        builder
    }

    fn string(&mut self, text: String) -> i64 {
        let table = &mut self.profile.string_table;
        *self.strings.entry(text).or_insert_with_key(|text| {
            table.push(text.clone());
            table.len() as i64 - 1
        })
    }

    /// Adds a location with its function, and returns its id: one more than its index.
    fn location(&mut self, name: String, module: String) -> u64 {
        let id = self.profile.location.len() as u64 + 1;
        let (name, filename) = (self.string(name), self.string(module));
        self.profile.function.push(Function {
            id,
            name,
            system_name: name,
            filename,
        });
        self.profile.location.push(Location {
            id,
            line: vec![Line { function_id: id }],
        });
        id
    }

    fn add_samples(&mut self, flame: &Flame) {
        let has_several = flame.arms.len() > 1;
        for graph in &flame.arms {
            let arm = has_several.then(|| self.location(clean(&graph.arm), String::new()));
            let mut whole = Whole::default();
            for stack in stacks(flame, graph) {
                let value = whole.next(stack.ns);
                if value > 0 {
                    // The innermost frame comes first.
                    let frames = stack.frames.iter().rev().map(|frame| *frame as u64 + 1);
                    self.profile.sample.push(Sample {
                        location_id: frames.chain(arm).collect(),
                        value: vec![value],
                    });
                }
            }
        }
    }
}
