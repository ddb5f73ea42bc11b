//! Names that an observed process chooses hold escapes, markup and a mebibyte: the view and its
//! metrics show them as text.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use recording::Recording;
use recording::testing::Build;
use recording::vocabulary::Role;
use top::metrics::Totals;
use top::rows::Choice;
use top::{View, draw, text};

/// Returns the counts after so many seconds, with hostile names of arm, role and threads.
fn snapshot(seconds: u64) -> Recording {
    let escapes = "\u{1b}[2J\u{1b}]0;owned\u{7}\r\n\u{202e}<b>\"\\,{}\u{9b}31m";
    let long = format!("{escapes}{}", "\u{1b}x".repeat(1 << 19));
    let build = Build::arm(&long).thread(7, Role::Named(long.clone()), |thread| {
        let thread = thread.named(&long).user(seconds * 400_000_000, 1);
        thread.call(&long, seconds * 21, seconds * 150_000_000)
    });
    let build = build.with(|recording| {
        recording.target.cmdline = vec![long.clone()];
        recording.window.duration_ns = seconds * 1_000_000_000;
    });
    build.done()
}

/// Asserts that a text is short and has no letter that a terminal or a reader would obey.
fn assert_plain(text: &str) {
    assert!(text.contains("[2J"), "the name is shown: {text:.200}");
    assert!(text.len() < 100_000, "{} bytes", text.len());
    let obeyed = |letter: char| (letter.is_control() && letter != '\n') || letter == '\u{202e}';
    assert_eq!(text.find(obeyed), None, "{text:.2000}");
}

#[test]
fn shows_hostile_names_as_text() {
    let targets = [(snapshot(1).target.arm, 7)];
    let mut view = View::new(&targets, Choice::default(), 1_000_000_000, 1);
    for second in 1..4 {
        view.add(0, snapshot(second), second * 1_000_000_000);
    }
    view.take_complete();
    for write in [text::table, text::json] {
        let mut out = Vec::new();
        write(&view, &mut out).expect("written to memory");
        assert_plain(&String::from_utf8(out).expect("text"));
    }
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).expect("in memory");
    let drawn = terminal.draw(|screen| draw::draw(&mut view, screen));
    let cells = drawn.expect("drawn").buffer.content.iter();
    assert_plain(&cells.map(|cell| cell.symbol()).collect::<String>());
}

#[test]
fn labels_metrics_with_hostile_names_as_text() {
    let mut totals = Totals::default();
    (1..4).for_each(|second| totals.add(snapshot(second)));
    assert_plain(&totals.page());
    assert_plain(&totals.export(1).to_string());
    let families = String::from_utf8_lossy(&totals.families()).into_owned();
    assert!(families.contains("[2J") && !families.contains("\u{1b}[2J"));
}
