//! The help.

use super::bold;
use crate::column::ALL;
use crate::keys::HELP;
use ratatui::Frame as Screen;
use ratatui::layout::{Constraint, Flex, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

/// Width of the help.
const WIDTH: u16 = 92;

/// Draws the help over the middle of an area.
pub fn draw(screen: &mut Screen, area: Rect) {
    let keys = HELP.iter().map(|(key, effect)| line(key, effect));
    let columns = ALL
        .iter()
        .map(|column| line(column.title(), column.meaning()));
    let lines: Vec<Line> = keys.chain([Line::default()]).chain(columns).collect();
    let height = lines.len() as u16 + 2;
    let [middle] = Layout::vertical([Constraint::Length(height)])
        .flex(Flex::Center)
        .areas(area);
    let [middle] = Layout::horizontal([Constraint::Length(WIDTH)])
        .flex(Flex::Center)
        .areas(middle);
    screen.render_widget(Clear, middle);
    let block = Block::bordered().title(" kontrast top ");
    screen.render_widget(Paragraph::new(lines).block(block), middle);
}

fn line(key: &str, effect: &str) -> Line<'static> {
    Line::from(vec![
        Span::styled(format!("{key:<15}"), bold()),
        Span::raw(effect.to_owned()),
    ])
}
