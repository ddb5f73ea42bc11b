//! Text for scripts.

use super::targets::Targets;
use crate::outcome::Outcome;
use anyhow::{Context, Result, bail};
use std::io::{ErrorKind, Write};
use std::time::{Duration, Instant};
use top::View;
use top::screen::{News, Source};
use top::text;
use top::view::State;

/// Time from one look at the recorders to the next.
const LOOK: Duration = Duration::from_millis(20);

/// Form of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Tables.
    Text,
    /// A line of JSON for each target and interval.
    Json,
}

/// Prints frames until there were so many, a signal, or the end of all targets.
pub fn run(
    mut view: View,
    mut targets: Targets,
    format: Format,
    count: Option<u32>,
) -> Result<Outcome> {
    let mut out = std::io::stdout().lock();
    let began = Instant::now();
    let mut printed = 0;
    while !targets.is_over() && count.is_none_or(|count| printed < count) {
        let complete = take_news(&mut view, &mut targets, began)?;
        if complete {
            printed += 1;
            match print(&view, format, &mut out) {
                // `head` closes the pipe when it has enough.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
                printed => printed.context("cannot print")?,
            }
        }
        if targets.have_ended() {
            eprintln!("kontrast: the target has ended");
            break;
        }
        std::thread::sleep(LOOK);
    }
    Ok(Outcome::Done)
}

/// Applies news. Returns whether the frames of all targets are new: they are printed together.
fn take_news(view: &mut View, targets: &mut Targets, began: Instant) -> Result<bool> {
    for (target, news) in targets.news() {
        match news {
            News::Snapshot(snapshot) => {
                let now_ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                view.add(target, *snapshot, now_ns);
            }
            News::BeginsAgain => view.begin_again(target),
            News::State(State::Failed(error)) => bail!("{error}"),
            News::State(state) => view.targets[target].state = state,
            News::Message(message) => eprintln!("kontrast: {message}"),
        }
    }
    Ok(view.take_complete())
}

fn print(view: &View, format: Format, out: &mut dyn Write) -> std::io::Result<()> {
    match format {
        Format::Text => text::table(view, out),
        Format::Json => text::json(view, out),
    }
}
