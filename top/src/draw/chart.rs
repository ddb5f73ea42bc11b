//! Histograms of times, by powers of two.

use super::{bold, dim};
use crate::Frame;
use ratatui::Frame as Screen;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use recording::histogram::lower_bound;
use recording::{Histogram, format};

/// Powers of two: from 512 ns, which takes all below, to 2 s, which takes all above.
const FIRST: u32 = 9;
const LAST: u32 = 31;
const BARS: usize = (LAST - FIRST + 1) as usize;
/// Rows of bars.
const HEIGHT: usize = 4;
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws the histograms of a frame beside each other.
pub fn draw(frame: &Frame, screen: &mut Screen, area: Rect) {
    let parts = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)])
        .spacing(2)
        .split(area);
    let charts = [
        ("run queue", &frame.run_queue),
        ("proxy latency", &frame.proxy_latency),
    ];
    for ((name, histogram), part) in charts.into_iter().zip(parts.iter()) {
        screen.render_widget(Paragraph::new(lines(name, histogram, part.width)), *part);
    }
}

fn lines(name: &str, histogram: &Histogram, width: u16) -> Vec<Line<'static>> {
    let name = format!("{name}  ");
    let room = usize::from(width).saturating_sub(name.len());
    let heading = Line::from(vec![
        Span::styled(name, bold()),
        Span::raw(numbers(histogram, room)),
    ]);
    let wide = if usize::from(width) >= 2 * BARS { 2 } else { 1 };
    let style = Style::new().fg(Color::Green);
    let bars = bars(&by_power(histogram), wide).into_iter();
    let bars = bars.map(|row| Line::styled(row, style));
    let axis = Line::styled(axis(wide), dim());
    [heading].into_iter().chain(bars).chain([axis]).collect()
}

/// Returns as many numbers as fit: first the count goes, then the maximum, then the median.
fn numbers(histogram: &Histogram, room: usize) -> String {
    if histogram.count == 0 {
        return "none".into();
    }
    let duration = format::duration;
    let count = format::count(histogram.count);
    let p50 = format!("p50 {}", duration(histogram.p50));
    let p99 = format!("p99 {}", duration(histogram.p99));
    let max = format!("max {}", duration(histogram.max));
    let choices = [
        [&*count, &p50, &p99, &max].join(", "),
        [&*p50, &p99, &max].join(", "),
        [&*p50, &p99].join(", "),
    ];
    let mut choices = choices.into_iter();
    choices
        .find(|text| text.chars().count() <= room)
        .unwrap_or(p99)
}

/// Adds up the counts by power of two.
fn by_power(histogram: &Histogram) -> [u64; BARS] {
    let mut sums = [0; BARS];
    for (bucket, count) in &histogram.histogram {
        let power = lower_bound(*bucket as usize).max(1).ilog2();
        sums[(power.clamp(FIRST, LAST) - FIRST) as usize] += count;
    }
    sums
}

/// Returns the rows of bars, the highest first. A bar that stands for anything is visible.
fn bars(sums: &[u64; BARS], wide: usize) -> Vec<String> {
    let most = sums.iter().copied().max().unwrap_or(0).max(1);
    let steps = (HEIGHT * 8) as u64;
    let heights = sums.map(|sum| (sum * steps).div_ceil(most) as usize);
    let row = |row: usize| {
        let from = (HEIGHT - 1 - row) * 8;
        let letters = heights.iter().flat_map(|height| {
            let letter = EIGHTHS[height.saturating_sub(from).min(8)];
            std::iter::repeat_n(letter, wide)
        });
        letters.collect()
    };
    (0..HEIGHT).map(row).collect()
}

/// Returns the axis: 1 µs, 33 µs, 1 ms, 34 ms, 1 s at their powers of two.
fn axis(wide: usize) -> String {
    const MARKS: [(u32, &str); 5] = [
        (10, "1µs"),
        (15, "33µs"),
        (20, "1ms"),
        (25, "34ms"),
        (30, "1s"),
    ];
    let mut axis = String::new();
    for (power, mark) in MARKS {
        let place = (power - FIRST) as usize * wide;
        let gap = place.saturating_sub(axis.chars().count());
        axis.extend(std::iter::repeat_n(' ', gap));
        axis += mark;
    }
    axis
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::histogram::bucket_of;

    fn histogram(values: &[(u64, u64)]) -> Histogram {
        let buckets = values
            .iter()
            .map(|(value, count)| (bucket_of(*value) as u32, *count));
        Histogram::from_buckets(buckets.collect())
    }

    #[test]
    fn adds_up_powers_of_two() {
        let sums = by_power(&histogram(&[
            (3, 1),
            (600, 2),
            (1_100, 4),
            (1_900, 8),
            (1 << 40, 16),
        ]));
        assert_eq!(sums[..2], [3, 12]);
        assert_eq!(sums[BARS - 1], 16);
        assert_eq!(sums.iter().sum::<u64>(), 31);
    }

    #[test]
    fn draws_every_bar_that_is_not_empty() {
        let mut sums = [0; BARS];
        (sums[0], sums[1], sums[2]) = (1_000_000, 500_000, 1);
        let rows = bars(&sums, 1);
        let columns: Vec<String> = rows
            .iter()
            .map(|row| row.chars().take(4).collect())
            .collect();
        assert_eq!(columns, ["█   ", "█   ", "██  ", "██▁ "]);
    }

    #[test]
    fn shows_the_numbers_that_fit() {
        let histogram = histogram(&[(31_500_000, 972)]);
        let all = numbers(&histogram, 60);
        assert!(
            all.starts_with("972, p50 ") && all.contains(", max "),
            "{all}"
        );
        for room in [25, 40] {
            let some = numbers(&histogram, room);
            assert!(some.chars().count() <= room, "{some}");
            assert!(
                some.starts_with("p50 ") && some.contains(", p99 "),
                "{some}"
            );
        }
        assert!(numbers(&histogram, 5).starts_with("p99 "));
        assert_eq!(numbers(&Histogram::default(), 5), "none");
    }

    #[test]
    fn places_marks_at_their_powers() {
        assert_eq!(axis(1), " 1µs  33µs 1ms  34ms 1s");
        assert_eq!(axis(2).chars().position(|letter| letter == '1'), Some(2));
    }
}
