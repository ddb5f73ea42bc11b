//! The view as a screen.

mod chart;
mod head;
mod help;
mod table;

pub use table::names;

use crate::View;
use crate::view::{State, TargetView};
use ratatui::Frame as Screen;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use report::clean::clean_sentence;

/// Width from which two targets are side by side rather than one below the other.
const SIDE_BY_SIDE: u16 = 140;
/// Rows of the histograms with their headings.
const CHARTS: u16 = 7;
/// Height from which a target's area has room for them.
const ROOM_FOR_CHARTS: u16 = 18;

/// Style of headings.
fn bold() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

/// Style of text that matters less.
fn dim() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

/// Draws the view.
pub fn draw(view: &mut View, screen: &mut Screen) {
    let [body, foot] =
        Layout::vertical([Constraint::Min(1), Constraint::Length(1)]).areas(screen.area());
    let parts = Layout::default()
        .direction(match body.width >= SIDE_BY_SIDE {
            true => ratatui::layout::Direction::Horizontal,
            false => ratatui::layout::Direction::Vertical,
        })
        .spacing(1)
        .constraints(vec![Constraint::Fill(1); view.targets.len()])
        .split(body);
    let longest = view
        .targets
        .iter()
        .filter_map(|target| Some(view.choice.of(view.frame(target)?).len()))
        .max();
    view.scroll = view.scroll.min(longest.unwrap_or(1).saturating_sub(1));
    for (target, area) in view.targets.iter().zip(parts.iter()) {
        draw_target(view, target, screen, *area);
    }
    if view.help {
        help::draw(screen, body);
    }
    screen.render_widget(footer(view), foot);
}

fn draw_target(view: &View, target: &TargetView, screen: &mut Screen, area: Rect) {
    let charts = match area.height >= ROOM_FOR_CHARTS {
        true => CHARTS,
        false => 0,
    };
    let [head, table, below] = Layout::vertical([
        Constraint::Length(head::HEIGHT),
        Constraint::Min(1),
        Constraint::Length(charts),
    ])
    .areas(area);
    head::draw(view, target, screen, head);
    match view.frame(target) {
        Some(frame) => {
            table::draw(view, frame, screen, table);
            chart::draw(frame, screen, below);
        }
        None => screen.render_widget(Paragraph::new(without_frame(&target.state)), table),
    }
}

/// Returns why there is nothing to see.
fn without_frame(state: &State) -> String {
    match state {
        State::Attaching => "attaching the eBPF programs …".into(),
        State::Running => "waiting for the second snapshot …".into(),
        State::Ended => "the target has ended".into(),
        State::Failed(reason) => clean_sentence(reason),
    }
}

fn footer(view: &View) -> Line<'static> {
    if view.edits_filter {
        let filter = format!("/{}▏", view.choice.filter);
        return Line::from(vec![
            Span::styled(filter, bold()),
            Span::styled("  Enter keeps the filter, Esc clears it", dim()),
        ]);
    }
    if !view.message.is_empty() {
        return Line::styled(clean_sentence(&view.message), bold());
    }
    let keys = [
        ("q", "quit"),
        ("g", "roles/threads"),
        ("< >", "sort"),
        ("/", "filter"),
        ("space", "pause"),
        ("← →", "history"),
        ("r", "record"),
        ("?", "help"),
    ];
    let spans = keys.iter().flat_map(|(key, effect)| {
        [
            Span::styled(*key, bold()),
            Span::styled(format!(" {effect}  "), dim()),
        ]
    });
    Line::from(spans.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
