//! The live view on a terminal of tmux.

use crate::support::{Guard, known, kontrast};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Longest time that a screen may take to show a text.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A terminal of tmux. Its server ends with it.
pub struct Tmux(String);

impl Tmux {
    /// Runs a command of the shell in a terminal.
    pub fn start(name: &str, line: &str) -> Self {
        let tmux = Tmux(format!("kontrast-{}-{name}", std::process::id()));
        let size = ["-x", "120", "-y", "34"];
        let new = [
            &["-f", "/dev/null", "new-session", "-d"][..],
            &size,
            &[line],
        ]
        .concat();
        tmux.run(&new);
        tmux
    }

    pub fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command.env("LC_ALL", "C.UTF-8").env_remove("TMUX");
        command.args(["-u", "-L", &self.0]).args(arguments);
        let output = command
            .output()
            .expect("tmux is there: `cargo xtask setup`");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub fn press(&self, keys: &[&str]) {
        self.run(&[&["send-keys"], keys].concat());
    }

    /// Waits until the screen fits, and returns it.
    pub fn wait(&self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        self.wait_until(&["capture-pane", "-p"], what, fits)
    }

    /// Likewise for a screen with its escape sequences.
    pub fn wait_styled(&self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        self.wait_until(&["capture-pane", "-p", "-e"], what, fits)
    }

    pub fn wait_until(&self, look: &[&str], what: &str, fits: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let screen = self.run(look);
            if fits(&screen) {
                return screen;
            }
            assert!(Instant::now() < deadline, "{what} is missing in:\n{screen}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn wait_for(&self, text: &str) -> String {
        self.wait(text, |screen| screen.contains(text))
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

/// Returns a line of the shell that shows a process, then the exit code.
pub fn line(pid: &str, out: &Path) -> String {
    let program = kontrast().get_program().to_owned();
    let (program, out) = (program.display(), out.display());
    format!("{program} top --pid {pid} --out {out}; echo ended with $?; sleep 1000")
}

/// Starts a process that computes until the test ends, and the view of it.
pub fn view(name: &str, dir: &Path) -> (Guard, String, Tmux) {
    let mut target = known(&["burn", "3600000"]);
    let pid = target.line();
    target.say("go");
    let tmux = Tmux::start(name, &line(&pid, dir));
    tmux.wait("a row", |screen| {
        let texts = ["live", "ROLE", "main thread", "q quit  g roles/threads"];
        texts.iter().all(|text| screen.contains(text))
    });
    (target, pid, tmux)
}
