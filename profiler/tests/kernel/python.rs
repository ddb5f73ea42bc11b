//! Functions and packages of Python in call stacks.

use crate::support::{Guard, alone, assert_sound, recorder, require_privilege};
use recording::Recording;
use recording::stacks::APPLICATION;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// A package with native work below it: sorting calls back into Python.
const PACKAGE: &str = "
class Worker:
    def rank(self, numbers):
        return sorted(numbers, key=self.weigh)
    def weigh(self, number):
        total = 0
        for step in range(20):
            total += (number * step) % 7
        return total
";

/// Waits for a line, then works in a package and in itself.
const PROGRAM: &str = "
import os, sys, time
from busy import Worker
def known_answer():
    return sum(number * number for number in range(2000))
print(os.getpid(), flush=True)
sys.stdin.readline()
end = time.monotonic() + 1.5
while time.monotonic() < end:
    Worker().rank(range(300))
    known_answer()
print('done', flush=True)
sys.stdin.readline()
";

fn record(dir: &Path) -> Recording {
    let folder = dir.join("site-packages/busy");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("__init__.py"), PACKAGE).expect("written");
    let program = dir.join("server.py");
    std::fs::write(&program, PROGRAM).expect("written");
    let mut python = Command::new("python3");
    python.arg(&program);
    python.env("PYTHONPATH", dir.join("site-packages"));
    let mut python = Guard::start(&mut python);
    let pid = python.line();
    let out = dir.join("out");
    let mut recorder = recorder(&pid, &out, &[]);
    python.say("");
    assert_eq!(python.line(), "done");
    assert!(recorder.end().success());
    recording::io::load_recording(&out).expect("a recording")
}

#[test]
fn names_functions_and_packages_of_python() {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a folder");
    let recording = record(dir.path());
    assert_sound(&recording);
    let stacks = &recording.stacks;
    let mut samples: BTreeMap<&str, u64> = BTreeMap::new();
    let mut below_rank = 0;
    for count in &stacks.counts {
        let frames: Vec<_> = stacks.frames_of(count.node).collect();
        let owner = frames.iter().find(|frame| !frame.package.is_empty());
        let owner = owner.map_or("", |frame| frame.package.as_str());
        *samples.entry(owner).or_default() += count.samples;
        let position = |function: &str| {
            let mut frames = frames.iter();
            frames.position(|frame| frame.function == function)
        };
        let [weigh, rank] = [
            "py::Worker.weigh:busy/__init__.py",
            "py::Worker.rank:busy/__init__.py",
        ]
        .map(position);
        below_rank += match weigh.zip(rank) {
            Some((weigh, rank)) if weigh < rank => count.samples,
            _ => 0,
        };
    }
    let all: u64 = samples.values().sum();
    let of = |package: &str| samples.get(package).copied().unwrap_or_default() as f64 / all as f64;
    assert!(of("busy") > 0.3 && of(APPLICATION) > 0.02, "{samples:?}");
    assert!(of("busy") + of(APPLICATION) > 0.9, "{samples:?}");
    assert!(
        below_rank > 0,
        "callers are outside of the functions that they call"
    );
}
