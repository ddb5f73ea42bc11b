//! Chromium, which shows a report to a page that measures and uses it.

use crate::session::Session;
use crate::support::{Fixture, html};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A page that measures the report inside a frame, because a window has a minimum width. The frame
/// holds the whole report, so that a screenshot shows it from the top.
const LOOKING_GLASS: &str = include_str!("looking_glass.html");

/// The rules of accessibility, which `cargo xtask test` installs.
const AXE: &str = "tests/axe/node_modules/axe-core/axe.min.js";

/// A report and a page that looks at it, opened in Chromium.
pub struct Browser {
    program: PathBuf,
    dir: tempfile::TempDir,
}

impl Browser {
    pub fn open() -> Self {
        Self::show(&Fixture::first(6), LOOKING_GLASS)
    }

    /// Puts a report and a page that looks at it into a temporary directory.
    pub fn show(fixture: &Fixture, glass: &str) -> Self {
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
    pub fn add_rules(&self) {
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

    /// Opens the report by itself, with keys and clicks.
    pub fn session(&self) -> Session {
        let page = self.dir.path().join("report.html");
        Session::open(self.command(), &format!("file://{}", page.display()))
    }

    /// Returns Chromium's command line without a page.
    fn command(&self) -> Command {
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
        command.args(["--hide-scrollbars", "--allow-file-access-from-files"]);
        command.arg(format!(
            "--user-data-dir={}",
            self.dir.path().join("profile").display()
        ));
        command
    }

    fn run(&self, width: u32, dark: bool, extra: &[&str]) -> Output {
        let mut command = self.command();
        command.arg("--virtual-time-budget=10000");
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
    pub fn measure(&self, width: u32, dark: bool) -> Value {
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

    pub fn screenshot(&self, width: u32, dark: bool) -> PathBuf {
        self.picture("report", width, dark)
    }

    pub fn picture(&self, page: &str, width: u32, dark: bool) -> PathBuf {
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
