//! The page in a real browser: nothing overflows a phone's width, nothing is fetched, light and
//! dark can be read. Screenshots are left in the target directory for people to look at.

#[path = "support/stacks.rs"]
mod stacks;
mod support;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use support::{Fixture, html};

/// A page that measures the report inside a frame, because a window has a minimum width. The frame
/// holds the whole report, so that a screenshot shows it from the top.
const LOOKING_GLASS: &str = include_str!("support/looking_glass.html");

/// A page that uses the report's flame graphs by mouse and keyboard.
const FLAME_GLASS: &str = include_str!("support/flame_glass.html");

/// The rules of accessibility, which `cargo xtask test` installs.
const AXE: &str = "tests/axe/node_modules/axe-core/axe.min.js";

/// A page that uses the report's tabs, tables and choice of arms, and checks its accessibility.
const PAGE_GLASS: &str = include_str!("support/page_glass.html");

struct Browser {
    program: PathBuf,
    dir: tempfile::TempDir,
}

impl Browser {
    fn open() -> Self {
        Self::show(&Fixture::first(6), LOOKING_GLASS)
    }

    /// Puts a report and a page that looks at it into a temporary directory.
    fn show(fixture: &Fixture, glass: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let put = |name: &str, text: &str| {
            std::fs::write(dir.path().join(name), text).expect("the page is written");
        };
        put("report.html", &html(&fixture.input()));
        put("glass.html", glass);
        Browser {
            program: program(),
            dir,
        }
    }

    /// Adds the rules of accessibility to the report, whose policy lets no other script run.
    fn add_rules(&self) {
        let axe = Path::new(env!("CARGO_MANIFEST_DIR")).join(AXE);
        std::fs::copy(&axe, self.dir.path().join("axe.js"))
            .expect("axe-core is there: `cargo xtask test` installs it");
        let file = self.dir.path().join("report.html");
        let page = std::fs::read_to_string(&file).expect("the report");
        let (before, policy) = page
            .split_once("<meta http-equiv")
            .expect("the page has a policy");
        let (_, after) = policy.split_once('\n').expect("lines");
        let page = format!("{before}<script src=\"axe.js\"></script>\n{after}");
        std::fs::write(&file, page).expect("written");
    }

    fn run(&self, width: u32, dark: bool, extra: &[&str]) -> Output {
        let mut command = Command::new(&self.program);
        command.args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ]);
        command.args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ]);
        command.args([
            "--hide-scrollbars",
            "--allow-file-access-from-files",
            "--virtual-time-budget=10000",
        ]);
        command.arg(format!(
            "--user-data-dir={}",
            self.dir.path().join("profile").display()
        ));
        command.arg(format!("--window-size={},1600", width.max(500)));
        command
            .args(dark.then_some("--force-dark-mode"))
            .args(extra);
        command.arg(format!(
            "file://{}?{width}",
            self.dir.path().join("glass.html").display()
        ));
        command
            .output()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.program.display()))
    }

    /// Returns the measurements of the looking glass.
    fn measure(&self, width: u32, dark: bool) -> Value {
        let output = self.run(width, dark, &["--dump-dom"]);
        let dom = String::from_utf8_lossy(&output.stdout);
        let json = dom
            .split("<pre id=\"found\">")
            .nth(1)
            .and_then(|rest| rest.split("</pre>").next());
        let json = json.unwrap_or_else(|| {
            panic!(
                "the page did not load: {}",
                String::from_utf8_lossy(&output.stderr)
            )
        });
        serde_json::from_str(
            &json
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&"),
        )
        .expect("the glass writes JSON")
    }

    fn screenshot(&self, width: u32, dark: bool) -> PathBuf {
        self.picture("report", width, dark)
    }

    fn picture(&self, page: &str, width: u32, dark: bool) -> PathBuf {
        let name = format!("{page}-{width}-{}.png", if dark { "dark" } else { "light" });
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        self.run(width, dark, &[&format!("--screenshot={}", path.display())]);
        path
    }
}

fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = std::env::split_paths(&path)
        .flat_map(|dir| names.map(|name| dir.join(name)))
        .find(|file| file.is_file());
    found.expect(
        "no Chromium found, which this test measures the page in; install it: apt-get install chromium",
    )
}

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
            serde_json::json!([]),
            "requests beyond the page itself"
        );
        assert_eq!(
            found["foreign"],
            serde_json::json!([]),
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
    let browser = Browser::show(&fixture, PAGE_GLASS);
    browser.add_rules();
    for (width, dark) in [(390, false), (1440, true)] {
        let found = browser.measure(width, dark);
        assert!(found["rules"].as_u64().unwrap() > 20, "{found}");
        assert_eq!(found["violations"], serde_json::json!([]), "{width} px");
    }
}
