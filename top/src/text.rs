//! The view as text for scripts: a table, or a line of JSON, for each frame.

use crate::column::ALL;
use crate::draw::names;
use crate::view::TargetView;
use crate::{Frame, Row, View};
use comfy_table::{CellAlignment, Table, presets};
use recording::format;
use serde::Serialize;
use std::io::{self, Write};

/// Schema of a line of JSON.
pub const SCHEMA: &str = "kontrast.top/1";

/// A line of JSON.
#[derive(Debug, Serialize)]
struct Line<'a> {
    schema: &'static str,
    name: &'a str,
    pid: u32,
    runtime: &'a str,
    #[serde(flatten)]
    frame: &'a Frame,
}

/// Writes the fresh frames as lines of JSON, with all of their threads.
///
/// # Errors
/// The output cannot be written.
pub fn json(view: &View, out: &mut dyn Write) -> io::Result<()> {
    for (target, frame) in frames(view) {
        let line = Line {
            schema: SCHEMA,
            name: &target.name,
            pid: target.pid,
            runtime: target.runtime.name(),
            frame,
        };
        serde_json::to_writer(&mut *out, &line)?;
        writeln!(out)?;
    }
    out.flush()
}

/// Writes the fresh frames as tables.
///
/// # Errors
/// The output cannot be written.
pub fn table(view: &View, out: &mut dyn Write) -> io::Result<()> {
    for (target, frame) in frames(view) {
        let seconds = frame.end_ns as f64 / 1e9;
        writeln!(
            out,
            "{}  pid {}, {}  after {seconds:.1} s, threads: {}, waits for a CPU: {}, proxy latency: {}",
            target.name,
            target.pid,
            target.runtime.label(),
            format::count(frame.threads as u64),
            quantiles(&frame.run_queue),
            quantiles(&frame.proxy_latency),
        )?;
        writeln!(out, "{}\n", rows(frame, &view.choice.of(frame)))?;
    }
    out.flush()
}

fn frames(view: &View) -> impl Iterator<Item = (&TargetView, &Frame)> {
    let targets = view.targets.iter().filter(|target| target.is_fresh);
    targets.filter_map(|target| Some((target, view.frame(target)?)))
}

fn quantiles(histogram: &recording::Histogram) -> String {
    match histogram.count {
        0 => "none".into(),
        _ => format!(
            "p50 {}, p99 {}",
            format::duration(histogram.p50),
            format::duration(histogram.p99)
        ),
    }
}

fn rows(frame: &Frame, rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let titles = ALL.iter().map(|column| column.title());
    table.set_header(["NAME", "ID"].into_iter().chain(titles));
    for row in rows {
        let (name, id) = names(row);
        let values = ALL.iter().map(|column| column.text(row, frame));
        table.add_row([name, id].into_iter().chain(values));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Choice;
    use recording::testing::Build;

    /// A view of one target with two frames' worth of counts.
    fn view() -> View {
        let mut view = View::new(&[("bun".into(), 7)], Choice::default(), 1, 1);
        for times in 1..=2 {
            let build = Build::arm("bun").thread(7, "bun", |thread| {
                thread
                    .user(times * 500_000_000, 1)
                    .call("read", times * 10, 1_000)
            });
            let build = build.with(|recording| {
                recording.target.pid = 7;
                recording.window.duration_ns = times * 1_000_000_000;
            });
            view.add(0, build.done(), times * 1_000_000_000);
        }
        assert!(view.take_complete());
        view
    }

    #[test]
    fn prints_a_table() {
        let mut out = Vec::new();
        table(&view(), &mut out).expect("written");
        insta::assert_snapshot!(String::from_utf8(out).expect("text"), @r##"
            bun  pid 7, Bun  after 2.0 s, threads: 1, waits for a CPU: none, proxy latency: none
             NAME       ID  CPU%  USER%  SYSC%  FAULT%  GC%  RUNQ%  BLOCK%  SWITCH/s  SYSCALL/s  BYTES/s 
             main loop   1  50.0   50.0    0.0     0.0    –    0.0     0.0         0         10      0 B
            "##);
    }

    #[test]
    fn prints_lines_of_json() {
        let mut out = Vec::new();
        json(&view(), &mut out).expect("written");
        let line: serde_json::Value = serde_json::from_slice(&out).expect("one line");
        assert_eq!(line["schema"], SCHEMA);
        assert_eq!(line["rows"][0]["role"], "main loop");
        assert_eq!(line["total"]["syscalls"], 10);
        assert_eq!(line["length_ns"], 1_000_000_000);
    }
}
