//! Progress of a run on standard error: a live line on a terminal, one line per step elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

/// Prints the progress of a run.
pub struct Progress {
    began: Instant,
    live: Option<ProgressBar>,
    /// Number of measurements, as shown.
    steps: String,
    /// Name of the current measurement, `[2/8] bun, round 1`.
    label: String,
}

impl Progress {
    /// Creates the progress of a run with `steps` measurements, given as text.
    pub fn new(steps: String) -> Self {
        let live = std::io::stderr().is_terminal().then(live_line);
        Progress {
            began: Instant::now(),
            live,
            steps,
            label: String::new(),
        }
    }

    /// Begins measurement `number`, from 1, with the name `what`.
    pub fn begin(&mut self, number: usize, what: &str) {
        self.label = format!("[{number}/{}] {what}", self.steps);
    }

    /// Shows the current step of the measurement.
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

    /// Prints the result of the current measurement.
    pub fn done(&self, what: &str) {
        self.say(&format!("{}: {what}", self.label));
    }

    /// Prints a line that stays.
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

/// Creates a spinner with message and elapsed time.
fn live_line() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::new_spinner().with_style(style)
}
