//! The view on a terminal.

use crate::View;
use crate::draw::draw;
use crate::keys::{Wish, press};
use crate::view::State;
use ratatui::crossterm::event::{self, Event};
use ratatui::{Terminal, backend::Backend};
use recording::Recording;
use std::io;
use std::time::{Duration, Instant};

/// Longest time from one drawing to the next.
const REDRAW: Duration = Duration::from_millis(200);

/// News of a target.
#[derive(Debug)]
pub enum News {
    /// Its counts so far.
    Snapshot(Box<Recording>),
    /// The next snapshot counts from another start.
    BeginsAgain,
    /// Whether it is observed has changed.
    State(State),
    /// A note for the user.
    Message(String),
}

/// The recorders behind a view.
pub trait Source {
    /// Returns what has happened since the last call, with the target.
    fn news(&mut self) -> Vec<(usize, News)>;

    /// Begins to write recordings. Returns a note for the user.
    fn record(&mut self) -> String;

    /// Returns whether the view is to end.
    fn is_over(&self) -> bool;
}

/// Shows the view until the user quits, or the source or the terminal ends.
///
/// # Errors
/// The terminal cannot be drawn on.
pub fn run<B: Backend>(
    terminal: &mut Terminal<B>,
    view: &mut View,
    source: &mut dyn Source,
) -> Result<(), B::Error> {
    let began = Instant::now();
    while !source.is_over() {
        take_news(view, source, began);
        terminal.draw(|frame| draw(view, frame))?;
        match wait_for_key(view, REDRAW) {
            Ok(None) => {}
            Ok(Some(Wish::Record)) => view.message = source.record(),
            // A terminal that was closed cannot be read.
            Ok(Some(Wish::Quit)) | Err(_) => break,
        }
    }
    Ok(())
}

/// Applies what has happened to the targets.
pub fn take_news(view: &mut View, source: &mut dyn Source, began: Instant) {
    for (target, news) in source.news() {
        match news {
            News::Snapshot(snapshot) => {
                let now_ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                view.add(target, *snapshot, now_ns);
            }
            News::BeginsAgain => view.begin_again(target),
            News::State(state) => {
                if let Some(target) = view.targets.get_mut(target) {
                    target.state = state;
                }
            }
            News::Message(message) => view.message = message,
        }
    }
}

/// Waits for a key, and applies all that have come.
fn wait_for_key(view: &mut View, longest: Duration) -> io::Result<Option<Wish>> {
    let mut longest = longest;
    while event::poll(longest)? {
        longest = Duration::ZERO;
        if let Event::Key(key) = event::read()?
            && let Some(wish) = press(view, key)
        {
            return Ok(Some(wish));
        }
    }
    Ok(None)
}
