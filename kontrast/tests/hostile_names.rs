//! Texts that an observed process chooses hold terminal escapes, markup, line ends, letters that
//! change the direction of writing, or a mebibyte. Every command that shows a result shows them as
//! text.

#[path = "../../report/tests/support/stacks.rs"]
mod stacks;

use recording::Recording;
use recording::testing::three_arms;
use report::explain::Topic;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Escapes of terminals, markup of pages and of Markdown, quotes, line ends, and letters that write
/// from right to left or take no place.
const ESCAPES: &str = "</script><img src=x onerror=alert(1)>\u{1b}[2J\u{1b}]0;owned\u{7}\
                       \u{202e}\u{200b}\u{9b}31m\r\n\"',|`*[a](b)&{{ 7*7 }};=1+1\u{0}\u{7f}";
/// Most bytes of what a command writes. A report of these three arms has two megabytes.
const LARGEST: usize = 8 << 20;

/// Returns the path of each kind of text: one entry stands for all of a list.
fn kinds(value: &Value, kind: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items
            .iter()
            .for_each(|item| kinds(item, &format!("{kind}/*"), found)),
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, field)| kinds(field, &format!("{kind}/{name}"), found)),
        Value::String(_) => drop(found.insert(kind.to_owned())),
        _ => (),
    }
}

/// Puts `text` in place of each text of a kind. Numbers keep names apart that must differ.
fn poison(value: &mut Value, kind: &str, text: &str, number: &mut u32) {
    let (first, rest) = kind.split_once('/').unwrap_or((kind, ""));
    match value {
        Value::String(old) => {
            *number += 1;
            *old = format!("{text}{number}");
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| poison(item, rest, text, number)),
        Value::Object(fields) => {
            if let Some(field) = fields.get_mut(first) {
                poison(field, rest, text, number);
            }
        }
        _ => (),
    }
}

/// Returns the recording with each text replaced that may be any text, and the number of kinds.
fn poisoned(recording: &Recording) -> (Recording, usize) {
    let mut value = serde_json::to_value(recording).expect("plain data");
    let mut found = BTreeSet::new();
    kinds(&value, "", &mut found);
    // Results of other versions are refused, and the user chooses an arm's name.
    found.remove("/schema");
    found.remove("/target/arm");
    let mut count = 0;
    for kind in &found {
        let mut tried = value.clone();
        poison(&mut tried, &kind[1..], ESCAPES, &mut 0);
        // A name from a closed vocabulary allows no other.
        if serde_json::from_value::<Recording>(tried.clone()).is_ok() {
            value = tried;
            count += 1;
        }
    }
    (serde_json::from_value(value).expect("tried"), count)
}

/// Puts a mebibyte of escapes into names of each kind that a process can choose freely.
fn lengthen(recording: &mut Recording) {
    let long = || "x\u{1b}".repeat(1 << 19);
    recording.target.cmdline = vec![long()];
    recording.threads[0].name = long();
    recording.stacks.frames[0].function = long();
    recording.stacks.modules[0].file = long();
}

/// Returns the recordings of a run, with call stacks.
fn example() -> Vec<(String, Recording)> {
    let mut recordings = three_arms();
    stacks::add(&mut recordings);
    recordings
}

fn save(file: &Path, recording: &Recording) {
    let folder = file.parent().expect("a folder");
    fs::create_dir_all(folder).expect("created");
    recording::io::save_recording(folder, recording).expect("saved");
}

/// Runs a command, and returns what it prints.
fn kontrast(folder: &Path, arguments: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_kontrast"))
        .args(arguments.split(' '))
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .expect("it starts");
    let errors = String::from_utf8(output.stderr).expect("text");
    assert_plain(arguments, &errors);
    // The recordings of the example are valid, or one of their checks has another name now.
    let code = output.status.code();
    assert!(
        matches!(code, Some(0 | 3)),
        "{arguments}: {code:?} {errors}"
    );
    String::from_utf8(output.stdout).expect("text")
}

/// Asserts that a text has no letter that a terminal or a reader would obey.
fn assert_plain(name: &str, text: &str) {
    assert!(text.len() < LARGEST, "{name}: {} bytes", text.len());
    let obeyed = |letter: &char| {
        (letter.is_control() && *letter != '\n') || matches!(letter, '\u{202e}' | '\u{200b}')
    };
    let found = text.char_indices().find(|(_, letter)| obeyed(letter));
    if let Some((at, letter)) = found {
        let before: String = text[..at].chars().rev().take(80).collect();
        let before: String = before.chars().rev().collect();
        panic!("{name}: {letter:?} after {before:?}");
    }
}

fn assert_json(name: &str, text: &str) {
    assert!(!text.is_empty(), "{name} printed nothing");
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        value.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// Renders a result in every form of the report.
fn report(folder: &Path, result: &str, out: &str) {
    let report = format!("report {result} --format html,text,svg,md,json --out {out}");
    assert_plain(&report, &kontrast(folder, &report));
    let read = |name: &str| fs::read_to_string(folder.join(out).join(name)).expect(name);
    assert_page("report.html", &read("report.html"));
    assert_markdown(&read("report.md"));
    assert_json("report.json", &read("report.json"));
    for chart in fs::read_dir(folder.join(out).join("charts")).expect("charts") {
        let chart = chart.expect("readable").path();
        let text = fs::read_to_string(&chart).expect("text");
        assert_page(&chart.display().to_string(), &text);
    }
}

/// Explains a result, as programs and assistants read it.
fn explain(folder: &Path, result: &str, topics: &[Topic]) {
    for topic in topics {
        let explain = format!("explain {result} --topic {}", topic.name());
        assert_plain(&explain, &kontrast(folder, &explain));
        assert_json(&explain, &kontrast(folder, &format!("{explain} --json")));
    }
}

/// Writes the call stacks of a result for other programs.
fn export(folder: &Path, result: &str) {
    for format in ["folded", "speedscope", "firefox", "svg"] {
        let export = format!("export {result} --format {format}");
        let text = kontrast(folder, &export);
        assert_plain(&export, &text);
        match format {
            "svg" => assert_page(&export, &text),
            "folded" => assert!(text.lines().all(|line| line.contains(';')), "{text}"),
            _ => assert_json(&export, &text),
        }
    }
    let pprof = format!("export {result} --format pprof --out profile.pb.gz");
    kontrast(folder, &pprof);
}

/// Writes tables of all results.
fn tables(folder: &Path, names: &[&str]) {
    for name in names {
        let csv = format!("table . --name {name}");
        assert_plain(&csv, &kontrast(folder, &csv));
        let lines = format!("{csv} --format ndjson");
        assert_json(&lines, &kontrast(folder, &lines));
    }
}

/// Asserts that names of processes make no element of a page.
fn assert_page(name: &str, page: &str) {
    assert_plain(name, page);
    assert!(!page.contains("<img"), "{name}");
}

fn assert_markdown(text: &str) {
    assert_plain("Markdown", text);
    assert!(!text.contains("](b)") || text.contains("\\](b)"), "{text}");
    let bare = text
        .match_indices("<img")
        .find(|(at, _)| !text[..*at].ends_with('\\'));
    assert_eq!(bare, None, "{text}");
}

/// Asks `kontrast mcp` for each topic, as an assistant does.
fn ask(folder: &Path, result: &str) {
    let about = json!({
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": { "name": "test", "version": "1" },
    });
    let initialize = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": about });
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let mut server = Command::new(env!("CARGO_BIN_EXE_kontrast"))
        .args(["mcp", "."])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = server.stdin.take().expect("piped");
    let mut lines = BufReader::new(server.stdout.take().expect("piped")).lines();
    writeln!(input, "{initialize}\n{initialized}").expect("it reads");
    lines.next().expect("an answer").expect("text");
    for (id, topic) in (1..).zip(Topic::ALL) {
        let arguments = json!({ "dir": result, "topic": topic.name() });
        let params = json!({ "name": "explain", "arguments": arguments });
        let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
        writeln!(input, "{call}").expect("it reads");
        let answer = lines.next().expect("an answer").expect("text");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        let text = answer["result"]["content"][0]["text"].as_str();
        assert_plain("mcp", text.unwrap_or_else(|| panic!("no text in {answer}")));
    }
    drop(input);
    assert!(server.wait().expect("it ends").success());
}

#[test]
fn shows_hostile_names_as_text_in_every_form() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for (path, recording) in example() {
        let (poisoned, kinds) = poisoned(&recording);
        assert!(kinds > 20, "{kinds} kinds of text");
        save(&folder.join(path), &poisoned);
    }
    let compare = "compare go=go bun=bun bun-1.4=bun-1.4";
    assert_plain(compare, &kontrast(folder, &format!("{compare} --out out")));
    let markdown = format!("{compare} --out again --format markdown");
    assert_markdown(&kontrast(folder, &markdown));
    report(folder, "out", "all");
    let page = fs::read_to_string(folder.join("all/report.html")).expect("written");
    assert!(page.contains("&lt;img src=x onerror"), "names are shown");
    report(folder, "bun/1", "one");
    explain(folder, "out", &Topic::ALL);
    explain(folder, "bun/1", &[Topic::Verdict]);
    ask(folder, "out");
    export(folder, "out");
    tables(
        folder,
        &["ledger", "functions", "threads", "syscalls", "checks"],
    );
}

#[test]
fn shows_a_mebibyte_of_a_name_in_part() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, mut recording) = example().swap_remove(0);
    lengthen(&mut recording);
    save(&folder.path().join("go/recording.json"), &recording);
    report(folder.path(), "go", "one");
    explain(folder.path(), "go", &[Topic::Functions]);
    export(folder.path(), "go");
    tables(folder.path(), &["threads"]);
}
