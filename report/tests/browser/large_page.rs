//! The page of an hour with 1,000 threads: it stays small, holds few rows of long tables, and finds
//! the others.

use crate::browser::Browser;
use crate::session::{ENTER, Session, TAB};
use crate::support::{Fixture, html};
use crate::{PAGE_GLASS, large};
use serde_json::{Value, json};
use std::sync::OnceLock;

/// Rows of one table on the page, its sums and headings included.
const ROWS: u64 = 64;

/// Returns two rounds of go and one of bun, made large.
fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let mut fixture = Fixture::first(4);
        fixture.recordings.remove(2);
        for (_, recording) in &mut fixture.recordings {
            large::enlarge(recording);
        }
        fixture.comparison = analysis::compare(&fixture.recordings);
        fixture
    })
}

#[test]
fn keeps_the_page_of_an_hour_with_many_threads_small() {
    let fixture = fixture();
    for (path, recording) in &fixture.recordings {
        assert_eq!(recording.threads.len(), large::THREADS, "{path}");
        let stacks = recording.stacks.counts.len() as u64;
        assert_eq!(stacks, crate::many_stacks::STACKS, "{path}");
        assert_eq!(recording.cpu.series.len() as u64, large::SECONDS, "{path}");
    }
    let page = html(&fixture.input());
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    let bars = page.matches("<title>").count();
    assert!(bars > 300, "the flame graphs are on the page: {bars}");
}

/// The list of the threads of the first arm, and the bar above it.
const LIST: &str = "[...document.querySelectorAll('#threads .scroll')].find(box => \
                    box.getAttribute('aria-label').startsWith('go: the 1000 of 2000 threads'))";

/// Returns the texts of the list's rows, and the words of the bar about them.
fn listed(session: &mut Session) -> (Vec<String>, String) {
    let rows = format!("[...{LIST}.querySelectorAll('tbody tr')].map(row => row.innerText)");
    let rows = serde_json::from_value(session.evaluate(&rows)).expect("texts");
    let status = format!("{LIST}.previousElementSibling.querySelector('[role=status]').innerText");
    let status = session.evaluate(&status);
    (rows, status.as_str().expect("text").to_owned())
}

#[test]
fn finds_threads_that_are_not_on_the_page_by_keyboard() {
    let browser = Browser::show(fixture(), PAGE_GLASS);
    let mut session = browser.session();
    session.resize(1440);
    let most =
        "Math.max(...[...document.querySelectorAll('table')].map(table => table.rows.length))";
    let most = session.evaluate(most);
    assert!(most.as_u64().is_some_and(|most| most <= ROWS), "{most}");
    session.evaluate(&format!("{LIST}.closest('details').open = true"));
    let (rows, status) = listed(&mut session);
    assert_eq!((rows.len(), status.as_str()), (40, "40 of 1000 rows"));
    let name = "poolbz-257";
    assert!(!rows.iter().any(|row| row.contains(name)), "{rows:?}");

    session.evaluate(&format!(
        "{LIST}.previousElementSibling.querySelector('input').focus()"
    ));
    session.evaluate(&format!(
        "document.execCommand('insertText', false, '{name}')"
    ));
    let (rows, status) = listed(&mut session);
    assert!(
        !rows.is_empty() && rows.iter().all(|row| row.contains(name)),
        "{rows:?}"
    );
    assert!(status.ends_with("rows found, of 1000"), "{status}");
    session.evaluate("document.execCommand('selectAll'); document.execCommand('delete')");
    assert_eq!(listed(&mut session).1, "40 of 1000 rows");

    session.press(&TAB);
    session.press(&ENTER);
    assert_eq!(listed(&mut session).1, "1000 of 1000 rows");
    session.press(&ENTER);
    assert_eq!(listed(&mut session).1, "40 of 1000 rows");

    // By thread id: the first click puts the largest first, of all rows.
    session.evaluate(&format!(
        "{LIST}.querySelectorAll('thead tr:last-child button')[1].focus()"
    ));
    session.press(&ENTER);
    let ids = format!(
        "[...{LIST}.querySelectorAll('tbody tr')].map(row => Number(row.cells[1].innerText))"
    );
    let ids: Vec<u64> = serde_json::from_value(session.evaluate(&ids)).expect("numbers");
    assert_eq!(ids.len(), 40);
    assert!(ids.is_sorted_by(|one, other| one >= other), "{ids:?}");
    assert!(ids[0] >= 4_100 + 990, "{ids:?}");
}

#[test]
fn hides_columns_of_rows_that_come_later_and_prints_all() {
    let browser = Browser::show(fixture(), PAGE_GLASS);
    let mut session = browser.session();
    session.resize(1440);
    session.evaluate("document.querySelectorAll('.arms input')[1].click()");
    let long = "[...document.querySelectorAll('table[data-further]')].find(table => \
                [...table.tHead.rows].at(-1).textContent.includes('bun'))";
    let all = format!("{long}.closest('.scroll').previousElementSibling.querySelector('button')");
    session.evaluate(&format!("{all}.click()"));
    let hidden = session.evaluate(&format!(
        "(() => {{ const table = {long}; const heads = [...[...table.tHead.rows].at(-1).cells]; \
         const column = heads.findIndex(head => head.textContent === 'bun'); \
         const rows = [...table.tBodies[0].rows]; \
         return [rows.length > 60, rows.filter(row => !row.cells[column].hidden).length]; }})()"
    ));
    assert_eq!(hidden, json!([true, 0]), "cells of a hidden arm");
    let rows = session.evaluate(&format!(
        "(() => {{ dispatchEvent(new Event('beforeprint')); const rows = {LIST}.querySelectorAll('tbody tr').length; \
         dispatchEvent(new Event('afterprint')); return [rows, {LIST}.querySelectorAll('tbody tr').length]; }})()"
    ));
    assert_eq!(
        rows,
        json!([1_000, 40]),
        "on paper, and again on the screen"
    );
}

#[test]
fn violates_no_rule_of_accessibility_with_many_rows() {
    let browser = Browser::show(fixture(), PAGE_GLASS);
    browser.add_rules();
    let found: Value = browser.measure(390, true);
    assert!(found["rules"].as_u64().unwrap() > 20, "{found}");
    assert_eq!(found["violations"], json!([]));
}
