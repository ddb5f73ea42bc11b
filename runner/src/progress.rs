//! What is going on, on standard error: a live line on a terminal, one line a step elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

/// Says what is going on.
pub struct Progress {
    began: Instant,
    live: Option<ProgressBar>,
    steps: usize,
    /// What the current measurement is called, `[2/8] bun, round 1`.
    label: String,
}

impl Progress {
    /// For a run of `steps` measurements.
    pub fn new(steps: usize) -> Self {
        let live = std::io::stderr().is_terminal().then(live_line);
        Progress {
            began: Instant::now(),
            live,
            steps,
            label: String::new(),
        }
    }

    /// Begins measurement `number`, from 1, which is `what`.
    pub fn begin(&mut self, number: usize, what: &str) {
        self.label = format!("[{number}/{}] {what}", self.steps);
    }

    /// What the current measurement does now.
    pub fn step(&self, what: &str) {
        let line = format!("{}: {what}", self.label);
        match &self.live {
            Some(live) => {
                live.reset_elapsed();
                live.set_message(line);
                live.enable_steady_tick(Duration::from_millis(100));
            }
            None => self.print(&line),
        }
    }

    /// What the current measurement came to.
    pub fn done(&self, what: &str) {
        self.say(&format!("{}: {what}", self.label));
    }

    /// A line that stays.
    pub fn say(&self, line: &str) {
        match &self.live {
            Some(live) => live.suspend(|| self.print(line)),
            None => self.print(line),
        }
    }

    fn print(&self, line: &str) {
        eprintln!("{:>6.1} s  {line}", self.began.elapsed().as_secs_f32());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(live) = &self.live {
            live.finish_and_clear();
        }
    }
}

/// A spinner with what is done and for how long.
fn live_line() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::new_spinner().with_style(style)
}
