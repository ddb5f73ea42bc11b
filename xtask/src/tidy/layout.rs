//! Rules about the size and shape of files: length, width, documentation, `unsafe`.

use super::{File, Rule, Violation, block::Kind, markdown};

/// Longer files are hard to keep in mind.
pub const MAX_LINES: usize = 400;
/// The length that files should keep to.
pub const PREFERRED_LINES: usize = 300;
/// The length that functions should keep to.
pub const FUNCTION_LINES: usize = 60;
/// Columns of comments and prose.
pub const WIDTH: usize = 100;
/// Lines above an `unsafe` block in which its reason may begin.
const SAFETY_REACH: usize = 6;
/// Words that a documentation may begin with although they are lower-case: names.
const LOWER_CASE: [&str; 13] = [
    "eBPF", "kontrast", "loadgen", "stub", "xtask", "k6", "perf", "bpftrace", "hyper", "oha",
    "rustup", "libbpf", "x86",
];

/// Returns the violations of one file.
pub fn check(file: &File) -> Vec<Violation> {
    let mut found = machine_places(file);
    found.extend(wide(file));
    if file.path.ends_with(".rs") {
        found.extend(long_file(file));
        found.extend(long_functions(file));
        found.extend(no_module_doc(file));
        found.extend(unsafe_without_reason(file));
        found.extend(misplaced_unsafe(file));
        found.extend(run_on(file));
    }
    found
}

fn long_file(file: &File) -> Option<Violation> {
    let lines = file.text.lines().count();
    let (rule, most) = match lines > MAX_LINES {
        true => (Rule::Length, MAX_LINES),
        false => (Rule::Size, PREFERRED_LINES),
    };
    let text = || format!("{lines} lines, at most {most}");
    (lines > most).then(|| Violation::new(rule, &file.path, 1, text()))
}

fn long_functions(file: &File) -> Vec<Violation> {
    let functions = file.rust.iter().flat_map(|source| &source.functions);
    let long = functions.filter(|function| function.length > FUNCTION_LINES);
    long.map(|function| {
        let text = format!(
            "`{}` has {} lines, at most {FUNCTION_LINES}",
            function.name, function.length
        );
        Violation::new(Rule::Size, &file.path, function.line, text)
    })
    .collect()
}

/// The first line except attributes says what the module is for. `tests.rs` needs none.
fn no_module_doc(file: &File) -> Option<Violation> {
    if file.path.ends_with("/tests.rs") {
        return None;
    }
    let mut lines = file.text.lines();
    let first = lines.find(|line| !line.trim().is_empty() && !line.starts_with("#!["));
    let documented = first.is_some_and(|line| line.starts_with("//!"));
    (!documented).then(|| Violation::new(Rule::Layout, &file.path, 1, "no //! at the top"))
}

/// Returns lines of comments and prose that are too wide. Code, tables and links may be.
pub fn wide(file: &File) -> Vec<Violation> {
    let lines: Vec<&str> = file.text.lines().collect();
    let numbers: Vec<usize> = if file.path.ends_with(".md") {
        let kinds = markdown::lines(&file.text).enumerate();
        let prose = kinds.filter(|(_, (kind, _))| *kind == markdown::Line::Prose);
        prose.map(|(at, _)| at + 1).collect()
    } else {
        let comments = file.blocks.iter().filter(|block| block.kind.is_comment());
        comments
            .flat_map(|block| block.line..block.line + block.lines.len())
            .collect()
    };
    let columns = |line: &str| line.chars().count();
    let linked = |line: &str| line.contains("](") || line.contains("://");
    numbers
        .into_iter()
        .filter_map(|number| Some((number, *lines.get(number - 1)?)))
        .filter(|(_, line)| columns(line) > WIDTH && !linked(line))
        .map(|(number, line)| {
            let text = format!("{} columns, at most {WIDTH}", columns(line));
            Violation::new(Rule::Width, &file.path, number, text)
        })
        .collect()
}

/// Returns the documentation of items that begins in the middle of a sentence.
pub fn run_on(file: &File) -> Vec<Violation> {
    let docs = file.blocks.iter().filter(|it| it.kind == Kind::ItemDoc);
    let starts = docs.filter_map(|block| Some((block.line, block.lines.first()?.trim())));
    starts
        .filter(|(_, start)| start.starts_with(char::is_lowercase) && !begins_with_name(start))
        .map(|(line, start)| {
            let text = format!("documentation continues the item above: {start}");
            Violation::new(Rule::RunOn, &file.path, line, text)
        })
        .collect()
}

fn begins_with_name(text: &str) -> bool {
    let word = text.split(|c: char| !c.is_alphanumeric()).next();
    word.is_some_and(|word| LOWER_CASE.contains(&word))
}

fn unsafe_without_reason(file: &File) -> Vec<Violation> {
    let lines: Vec<&str> = file.text.lines().collect();
    let has_reason = |at: usize| {
        lines[at.saturating_sub(SAFETY_REACH)..=at]
            .iter()
            .any(|line| line.contains("// SAFETY:") || line.contains("# Safety"))
    };
    unsafe_lines(file)
        .filter(|&at| !has_reason(at))
        .map(|at| Violation::new(Rule::Unsafe, &file.path, at + 1, "no // SAFETY: above"))
        .collect()
}

/// Only the kernel side and the code that talks to it may be unsafe.
fn misplaced_unsafe(file: &File) -> Option<Violation> {
    let allowed = [
        "profiler-ebpf/",
        "profiler-common/",
        "profiler/src/",
        "profiler/tests/kernel/",
        // Between fork and exec: what a child does before it becomes its program.
        "runner/src/guardian.rs",
    ];
    let misplaced = !allowed.iter().any(|folder| file.path.starts_with(folder));
    let at = unsafe_lines(file).next().filter(|_| misplaced)?;
    let text = "unsafe code belongs into profiler-ebpf, profiler-common or profiler";
    Some(Violation::new(Rule::Unsafe, &file.path, at + 1, text))
}

/// Returns the lines that open an unsafe block, function or implementation; attributes do not.
fn unsafe_lines(file: &File) -> impl Iterator<Item = usize> {
    let opens = ["{", "fn ", "impl "].map(|rest| format!("{} {rest}", "unsafe"));
    file.text.lines().enumerate().filter_map(move |(at, line)| {
        let code = line.split("//").next().unwrap_or(line);
        opens.iter().any(|it| code.contains(it)).then_some(at)
    })
}

/// Package clients know their registries, and other machines do not have these folders.
fn machine_places(file: &File) -> Vec<Violation> {
    // In two parts, so that this file does not name them itself.
    let places = [
        ("/ro", "ot/"),
        ("/wo", "rk/"),
        ("registry.", "npmjs"),
        ("proxy.", "golang.org"),
        ("deb.", "debian.org"),
        ("py", "pi.org"),
        ("static.", "crates.io"),
        ("index.", "crates.io"),
    ]
    .map(|(start, end)| format!("{start}{end}"));
    let named = |line: &str| places.iter().find(|place| line.contains(*place)).cloned();
    let lines = file.text.lines().enumerate();
    lines
        .filter_map(|(at, line)| {
            let text = format!("names {}", named(line)?);
            Some(Violation::new(Rule::Layout, &file.path, at + 1, text))
        })
        .collect()
}
