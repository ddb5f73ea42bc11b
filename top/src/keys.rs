//! Keys, and what they do.

use crate::View;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A wish that the view cannot fulfil alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// End.
    Quit,
    /// Write recordings.
    Record,
}

/// Keys and their effects, for the help.
pub const HELP: [(&str, &str); 12] = [
    ("q  Ctrl-C", "quit; the programs are detached"),
    ("g", "rows are roles, or threads"),
    ("<  >", "sort by the column to the left, to the right"),
    ("i", "invert the order"),
    ("↑ ↓ PgUp PgDn", "scroll"),
    ("/", "filter by role, name or id; Esc clears the filter"),
    ("space", "pause, or go on"),
    ("← →", "go back and forth in the history, a frame each"),
    ("[  ]", "likewise, 10 frames each"),
    ("Home  End", "go to the oldest frame, to now"),
    (
        "r",
        "write a recording of the last minute, or as --last says",
    ),
    ("?", "this help"),
];

/// Changes the view as a key asks for.
pub fn press(view: &mut View, key: KeyEvent) -> Option<Wish> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
        return Some(Wish::Quit);
    }
    if view.edits_filter {
        edit(view, key.code);
        return None;
    }
    match key.code {
        KeyCode::Char('q') => return Some(Wish::Quit),
        KeyCode::Char('r') => return Some(Wish::Record),
        KeyCode::Esc if view.help => view.help = false,
        KeyCode::Esc => view.choice.filter.clear(),
        KeyCode::Char('?' | 'h') => view.help = !view.help,
        KeyCode::Char('g') => view.regroup(),
        KeyCode::Char('<' | ',') => view.sort_by(-1),
        KeyCode::Char('>' | '.') => view.sort_by(1),
        KeyCode::Char('i') => view.choice.ascending = !view.choice.ascending,
        KeyCode::Char('/') => view.edits_filter = true,
        KeyCode::Char(' ') => view.pause(),
        other => go(view, other),
    }
    None
}

/// Moves through the table and the history.
fn go(view: &mut View, key: KeyCode) {
    const PAGE: isize = 10;
    match key {
        KeyCode::Up | KeyCode::Char('k') => view.scroll_by(-1),
        KeyCode::Down | KeyCode::Char('j') => view.scroll_by(1),
        KeyCode::PageUp => view.scroll_by(-PAGE),
        KeyCode::PageDown => view.scroll_by(PAGE),
        KeyCode::Left => view.go_back(1),
        KeyCode::Right => view.go_back(-1),
        KeyCode::Char('[') => view.go_back(10),
        KeyCode::Char(']') => view.go_back(-10),
        KeyCode::Home => view.go_to_oldest(),
        KeyCode::End => view.shown_ns = None,
        _ => {}
    }
}

/// Changes the filter.
fn edit(view: &mut View, key: KeyCode) {
    /// Longer than any name.
    const LONGEST: usize = 64;
    let filter = &mut view.choice.filter;
    match key {
        KeyCode::Enter => view.edits_filter = false,
        KeyCode::Esc => {
            filter.clear();
            view.edits_filter = false;
        }
        KeyCode::Backspace => _ = filter.pop(),
        KeyCode::Char(letter) if filter.chars().count() < LONGEST && !letter.is_control() => {
            filter.extend(letter.to_lowercase());
        }
        _ => {}
    }
    view.scroll = 0;
}
