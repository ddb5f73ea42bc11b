//! The lines above a target's table.

use super::{bold, dim};
use crate::column::{percent, rate};
use crate::view::{State, TargetView};
use crate::{Frame, View};
use ratatui::Frame as Screen;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Sparkline};
use recording::format;

/// Lines.
pub const HEIGHT: u16 = 6;

/// Draws name, sums, activity and the CPU time of the history.
pub fn draw(view: &View, target: &TargetView, screen: &mut Screen, area: Rect) {
    let [text, line] = Layout::vertical([Constraint::Length(5), Constraint::Length(1)]).areas(area);
    let mut lines = vec![title(view, target)];
    if let Some(frame) = view.frame(target) {
        lines.extend([cpu(frame), waits(frame), traffic(frame), activity(frame)]);
    }
    screen.render_widget(Paragraph::new(lines), text);
    past(view, target, screen, line);
}

fn title(view: &View, target: &TargetView) -> Line<'static> {
    let shown = match (&target.state, view.shown_ns) {
        (State::Failed(_), _) => "not observed any more".into(),
        (_, Some(t_ns)) => {
            let ago = view.now_ns.saturating_sub(t_ns);
            format!(
                "paused {} ago",
                format::duration(ago / 100_000_000 * 100_000_000)
            )
        }
        (State::Ended, None) => "the target has ended".into(),
        (State::Attaching, None) => "attaching …".into(),
        (State::Running, None) => "live".into(),
    };
    let runtime = target.runtime.label();
    Line::from(vec![
        Span::styled(target.name.clone(), bold()),
        Span::raw(format!("  pid {}, {runtime}  ", target.pid)),
        Span::styled(shown, bold().fg(Color::Cyan)),
    ])
}

fn cpu(frame: &Frame) -> Line<'static> {
    let cost = &frame.total;
    let share = |ns| format!("{:.1}", percent(ns, frame));
    let threads = format::count(frame.threads as u64);
    Line::from(vec![
        Span::raw("CPU "),
        Span::styled(format!("{} %", share(cost.on_cpu_ns())), bold()),
        Span::raw(format!(
            "  user {}  syscalls {}  faults {}  GC {}  in {threads} threads",
            share(cost.user_ns),
            share(cost.syscall_ns),
            share(cost.fault_ns),
            share(cost.gc_ns),
        )),
    ])
}

fn waits(frame: &Frame) -> Line<'static> {
    let cost = &frame.total;
    let count = |value| format::count(rate(value, frame).round() as u64);
    Line::raw(format!(
        "run queue {:.1} %  {} switches/s  {} syscalls/s",
        percent(cost.run_queue_ns, frame),
        count(cost.switches),
        count(cost.syscalls),
    ))
}

fn traffic(frame: &Frame) -> Line<'static> {
    let bytes = |value| format::bytes(rate(value, frame).round() as u64);
    let mut text = format!(
        "TCP in {}/s, out {}/s  {} requests/s",
        bytes(frame.received_bytes),
        bytes(frame.sent_bytes),
        format::count(rate(frame.requests, frame).round() as u64),
    );
    if frame.lost_events > 0 {
        text += &format!("  {} events lost", format::count(frame.lost_events));
    }
    Line::raw(text)
}

fn activity(frame: &Frame) -> Line<'static> {
    let activity = &frame.activity;
    let mut parts = Vec::new();
    if let Some(count) = activity.collections {
        parts.push(format!("GC {:.1}/s", rate(count, frame)));
    }
    if let Some(ns) = activity.collecting_ns {
        parts.push(format!("{:.1} % of the time", percent(ns, frame)));
    }
    if let Some(ns) = activity.collecting_cpu_ns {
        parts.push(format!("GC CPU {:.1} %", percent(ns, frame)));
    }
    if let Some(iterations) = &activity.iterations {
        let count = format::count(rate(iterations.count, frame).round() as u64);
        let longest = format::duration(iterations.p99);
        parts.push(format!("event loop {count} iterations/s, p99 {longest}"));
    }
    let own = percent(frame.own_cpu_ns, frame);
    parts.push(format!("kontrast itself {own:.1} %"));
    Line::styled(parts.join("  "), dim())
}

/// Draws the CPU time of the frames that fit, the shown one in another colour.
fn past(view: &View, target: &TargetView, screen: &mut Screen, area: Rect) {
    let frames = target.history.frames().rev().take(area.width.into());
    let shown = view.shown_ns.and(view.frame(target));
    let mut bars: Vec<ratatui::widgets::SparklineBar> = frames
        .map(|frame| {
            // At least a line, so that an idle target has a history too.
            let tenths = (percent(frame.total.on_cpu_ns(), frame) * 10.0).max(1.0) as u64;
            let is_shown = shown.is_some_and(|shown| shown.end_ns == frame.end_ns);
            let style = is_shown.then(|| Style::new().fg(Color::Cyan).bg(Color::DarkGray));
            ratatui::widgets::SparklineBar::from(tenths).style(style)
        })
        .collect();
    bars.reverse();
    screen.render_widget(Sparkline::default().data(bars), area);
}
