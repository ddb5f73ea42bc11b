//! Progress on stderr: one live line on a terminal, a plain line every five seconds elsewhere.

use crate::clock::SECOND;
use crate::drive::Snapshot;
use crate::plan::Plan;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use recording::format::{duration, number};
use std::io::IsTerminal;

const PLAIN_FIRST_NS: u64 = SECOND;
const PLAIN_EVERY_NS: u64 = 5 * SECOND;

/// Progress display.
#[derive(Debug)]
pub struct Progress {
    name: String,
    length_ns: u64,
    /// Time of the next plain line.
    next_ns: u64,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    Live(ProgressBar),
    Plain,
    None,
}

impl Progress {
    /// Returns the display of a run of `plan`; it shows nothing if `quiet`.
    pub fn new(plan: &Plan, quiet: bool) -> Self {
        let sink = match quiet {
            true => Sink::None,
            false if std::io::stderr().is_terminal() => Sink::Live(bar(plan.shape.length_ns())),
            false => Sink::Plain,
        };
        Self {
            name: plan.scenario.clone(),
            length_ns: plan.shape.length_ns(),
            next_ns: PLAIN_FIRST_NS,
            sink,
        }
    }

    /// Shows the state of the run.
    pub fn show(&mut self, snapshot: &Snapshot) {
        match &self.sink {
            Sink::Live(bar) => {
                bar.set_position(snapshot.elapsed_ns / 1_000_000);
                bar.set_message(self.line(snapshot));
            }
            Sink::Plain if snapshot.elapsed_ns >= self.next_ns => {
                self.next_ns = snapshot.elapsed_ns + PLAIN_EVERY_NS;
                super::notice(self.line(snapshot));
            }
            Sink::Plain | Sink::None => {}
        }
    }

    /// Removes the live line.
    pub fn clear(&self) {
        if let Sink::Live(bar) = &self.sink {
            bar.finish_and_clear();
        }
    }

    fn line(&self, snapshot: &Snapshot) -> String {
        let seconds = |ns: u64| number(ns as f64 / SECOND as f64);
        let elapsed = snapshot.elapsed_ns.min(self.length_ns);
        let mut line = format!(
            "{} {}/{} s · {} streaming · {} done",
            self.name,
            seconds(elapsed),
            seconds(self.length_ns),
            snapshot.active,
            snapshot.completed
        );
        if snapshot.bad > 0 {
            line += &format!(" · {} failed", snapshot.bad);
        }
        let last = &snapshot.last;
        line + &match last.tokens {
            0 => format!(" · {} answers/s", last.completed),
            tokens => format!(" · {tokens} tokens/s · ttft {}", duration(last.ttft_p50_ns)),
        }
    }
}

fn bar(length_ns: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:20} {msg}").expect("the template is sound");
    let bar =
        ProgressBar::with_draw_target(Some(length_ns / 1_000_000), ProgressDrawTarget::stderr());
    bar.with_style(style)
}
