//! The page in a real browser: nothing overflows a phone's width, nothing is fetched, light and
//! dark can be read. Screenshots are left in the target directory for people to look at.

#[path = "support/browser.rs"]
mod browser;
#[path = "support/large.rs"]
mod large;
#[path = "browser/large_page.rs"]
mod large_page;
#[path = "support/many_stacks.rs"]
mod many_stacks;
#[path = "support/session.rs"]
mod session;
#[path = "support/stacks.rs"]
mod stacks;
mod support;

use browser::Browser;
use serde_json::{Value, json};
use session::{ENTER, SPACE, Session, TAB};
use support::{Fixture, html};

/// A page that uses the report's flame graphs by mouse and keyboard.
const FLAME_GLASS: &str = include_str!("support/flame_glass.html");

/// A page that uses the report's tabs, tables and choice of arms, and checks its accessibility.
const PAGE_GLASS: &str = include_str!("support/page_glass.html");

#[test]
fn fits_every_width_and_fetches_nothing() {
    let browser = Browser::open();
    for width in [390, 1440] {
        let found = browser.measure(width, false);
        assert_eq!(found["width"], width, "the frame has the width asked for");
        assert!(
            found["scrollWidth"].as_u64().unwrap() <= u64::from(width),
            "{width} px: {found}"
        );
        assert!(
            found["scrollWidthUnfolded"].as_u64().unwrap() <= u64::from(width),
            "{width} px, unfolded: {found}"
        );
        assert_eq!(
            found["requests"],
            json!([]),
            "requests beyond the page itself"
        );
        assert_eq!(
            found["foreign"],
            json!([]),
            "links that lead out of the page"
        );
    }
}

#[test]
fn shows_every_section_and_its_charts() {
    let found = Browser::open().measure(390, false);
    let sections: Vec<&str> = found["sections"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for id in [
        "verdict",
        "waterfall",
        "metrics",
        "over-time",
        "activity",
        "faults",
        "latency",
        "threads",
        "load",
        "checks",
        "host",
    ] {
        assert!(sections.contains(&id), "{id} is missing from {sections:?}");
    }
    assert!(found["charts"].as_u64().unwrap() >= 8, "{found}");
    assert_eq!(found["emptyCharts"], 0, "{found}");
    assert_eq!(found["repeatedIds"], json!([]), "links lead to one place");
    assert_eq!(
        found["unexplainedRows"].as_u64(),
        found["waterfalls"].as_u64(),
        "every waterfall shows the part that no row accounts for"
    );
}

#[test]
fn keeps_contrast_in_light_and_dark() {
    let browser = Browser::open();
    let mut backgrounds = Vec::new();
    for dark in [false, true] {
        let found = browser.measure(1440, dark);
        let contrast = found["contrast"].as_f64().unwrap();
        // WCAG 2, level AA, for text of ordinary size.
        assert!(
            contrast >= 4.5,
            "dark: {dark}, {contrast} at {}",
            found["contrastAt"]
        );
        backgrounds.push(found["background"].clone());
        for width in [390, 1440] {
            let picture = std::fs::metadata(browser.screenshot(width, dark)).expect("a screenshot");
            assert!(picture.len() > 30_000, "the page is not blank");
        }
    }
    assert_ne!(backgrounds[0], backgrounds[1], "dark differs from light");
}

#[test]
fn zooms_searches_and_obeys_keys_in_flame_graphs() {
    let mut fixture = Fixture::first(6);
    stacks::add(&mut fixture.recordings);
    fixture.comparison = analysis::compare(&fixture.recordings);
    let browser = Browser::show(&fixture, FLAME_GLASS);
    for width in [390, 1440] {
        let found = browser.measure(width, false);
        let number = |name: &str| {
            found[name]
                .as_f64()
                .unwrap_or_else(|| panic!("{name}: {found}"))
        };
        assert!(number("scrollWidth") <= f64::from(width), "{found}");
        // Three arms, by function and by package, and three pairs.
        assert_eq!(found["figures"], 9, "{found}");
        assert!(number("before") < number("wholeWidth") * 0.9, "{found}");
        assert!(
            (number("zoomed") - number("wholeWidth")).abs() < 3.0,
            "{found}"
        );
        assert!(
            number("hidden") > 0.0 && found["hiddenAfter"] == 0,
            "{found}"
        );
        assert!((number("after") - number("before")).abs() < 1.0, "{found}");
        assert!(
            (number("keyboardZoomed") - number("wholeWidth")).abs() < 3.0,
            "{found}"
        );
        let hover = found["hover"].as_str().expect("text");
        assert!(
            hover.starts_with("main: ") && hover.contains("per token"),
            "{found}"
        );
        let path = found["path"].as_array().expect("names");
        assert_eq!(path[0], "start", "the caller of main: {found}");
        assert_eq!(path[3], path[5], "down and up again: {found}");
        assert!(number("hits") > 0.0 && found["hitsAfter"] == 0, "{found}");
        assert!(
            found["status"]
                .as_str()
                .is_some_and(|text| text.contains(" %")),
            "{found}"
        );
        assert_eq!(found["owned"], false, "the policy lets another script run");
        for dark in [false, true] {
            let picture = std::fs::metadata(browser.picture("flame", width, dark));
            assert!(
                picture.expect("a screenshot").len() > 30_000,
                "the page is not blank"
            );
        }
    }
}

#[test]
fn shows_one_tab_at_a_time_and_orders_tables() {
    let browser = Browser::show(&Fixture::first(6), PAGE_GLASS);
    let found = browser.measure(1440, false);
    assert_eq!(found["panelsShown"], found["groupsShown"], "{found}");
    assert!(found["groups"].as_u64().unwrap() >= 4, "{found}");
    assert_eq!(found["afterArrow"], 1, "an arrow key shows the next tab");
    assert_eq!(
        found["revealed"], true,
        "a link opens the way to its target"
    );
    assert_eq!(found["sorted"], true, "{found}");
    assert_eq!(found["sortKeepsTotals"], true, "{found}");
    assert_eq!(found["restored"], true, "a third click restores the order");
    assert!(found["linesBefore"].as_u64().unwrap() > 0, "{found}");
    assert_eq!(found["linesAfter"], 0, "lines of a hidden arm");
    assert_eq!(found["headsAfter"], 0, "columns of a hidden arm");
    assert_eq!(found["spansFit"], true, "headings span the columns left");
    let hover = found["hover"].as_str().expect("text");
    assert!(hover.contains(": go ") && hover.contains("bun "), "{hover}");
}

#[test]
fn violates_no_rule_of_accessibility() {
    let mut fixture = Fixture::first(6);
    stacks::add(&mut fixture.recordings);
    fixture.comparison = analysis::compare(&fixture.recordings);
    let page = html(&fixture.input());
    assert!(
        page.contains("<details class=\"rows stacks\">"),
        "causes have stacks"
    );
    let browser = Browser::show(&fixture, PAGE_GLASS);
    browser.add_rules();
    for (width, dark) in [(390, false), (1440, true)] {
        let found = browser.measure(width, dark);
        assert!(found["rules"].as_u64().unwrap() > 20, "{found}");
        assert_eq!(found["violations"], json!([]), "{width} px");
    }
}

/// The cause of the example whose rows have functions in more than one thread.
const CAUSE: &str = "document.querySelector('#user-code-cpu-ns-per-token-go-bun > details.rows')";

/// Returns the rows that a reader sees below the cause; none while it is closed.
fn rows_seen(session: &mut Session) -> Vec<String> {
    let script = format!(
        "[...{CAUSE}.querySelectorAll('tr')].filter(row => row.checkVisibility() && row.getClientRects().length) \
         .map(row => [...row.cells].map(cell => cell.innerText.trim()).join('|'))"
    );
    let rows: Vec<String> = serde_json::from_value(session.evaluate(&script)).expect("texts");
    rows
}

/// Checks rows, threads and functions of the open cause, and the rules of accessibility.
#[track_caller]
fn check_open(session: &mut Session) {
    let rows = rows_seen(session);
    assert_eq!(rows.len(), 13, "a heading and 12 rows: {rows:?}");
    assert_eq!(rows[0], "Threads|Row|Δ|go|bun|Functions with most of it");
    for (thread, row, function) in [
        ("main loop", "copying memory", "memcpy (4 % of user time)"),
        (
            "M (scheduler thread)",
            "JSON",
            "encoding/json.Marshal (9 % of user time)",
        ),
    ] {
        let found = rows.iter().filter(|text| {
            text.starts_with(&format!("{thread}|{row}|")) && text.ends_with(function)
        });
        assert_eq!(found.count(), 1, "{thread}, {row}: {rows:?}");
    }
    let violations = session.evaluate(
        "axe.run('#causes').then(found => found.violations.map(rule => rule.id + ': ' + rule.nodes[0].html))",
    );
    assert_eq!(violations, json!([]), "with the cause open");
}

#[test]
fn opens_a_cause_by_click_and_by_keyboard() {
    let browser = Browser::open();
    browser.add_rules();
    let mut session = browser.session();
    let summary = format!("{CAUSE}.querySelector('summary')");
    for width in [390, 1440] {
        session.resize(width);
        assert_eq!(rows_seen(&mut session), [""; 0], "closed at first");
        session.click(&summary);
        check_open(&mut session);
        session.click(&summary);
        assert_eq!(rows_seen(&mut session), [""; 0], "closed by a click");

        // The key Tab goes on from where the last click was.
        session.click("document.querySelector('#causes h4')");
        let reached = (0..60).any(|_| {
            session.press(&TAB);
            session.evaluate(&format!("document.activeElement === {summary}")) == true
        });
        assert!(reached, "Tab leads to the cause");
        session.press(&ENTER);
        check_open(&mut session);
        session.press(&TAB);
        let inside = format!("{CAUSE}.contains(document.activeElement)");
        assert_eq!(session.evaluate(&inside), true, "Tab leads into the rows");
        session.evaluate(&format!("{summary}.focus()"));
        session.press(&SPACE);
        assert_eq!(rows_seen(&mut session), [""; 0], "closed by a key");
    }
}
