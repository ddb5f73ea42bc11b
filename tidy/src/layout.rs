//! Rules about the size and shape of files: length, width, documentation, names, dependencies.

use super::{File, Place, text::Kind};

/// Longer files are hard to keep in mind.
pub const MAX_LINES: usize = 400;
/// The length that files should keep to.
pub const PREFERRED_LINES: usize = 300;
/// The length that functions should keep to.
pub const FUNCTION_LINES: usize = 60;
/// Columns of comments and prose.
pub const WIDTH: usize = 100;
/// Words that a documentation may begin with although they are lower-case: names.
const LOWER_CASE: &str =
    "eBPF kontrast loadgen stub xtask k6 perf bpftrace hyper oha rustup libbpf x86";

/// Dependencies that would point against the flow of data, by crate.
const FORBIDDEN: [(&str, &str); 12] = [
    ("recording", "aya tokio analysis report"),
    ("analysis", "aya tokio report top"),
    ("report", "aya tokio top"),
    ("profiler", "report runner top kontrast suite"),
    ("runner", "aya analysis profiler report kontrast suite"),
    ("kontrast", "suite xtask"),
    ("xtask", "recording analysis runner profiler suite"),
    ("tidy", "recording analysis runner profiler suite xtask"),
    ("loadgen", "aya analysis profiler runner kontrast"),
    ("stub", "aya analysis report profiler runner kontrast"),
    ("profiler-common", "recording serde"),
    ("top", "aya tokio profiler runner kontrast suite"),
];
/// Where unsafe code may be: the kernel side, and the code that talks to it.
const UNSAFE: [&str; 6] = [
    "profiler-ebpf/",
    "profiler-common/",
    "profiler/src/",
    "profiler/tests/kernel/",
    // Between fork and exec: what a child does before it becomes its program.
    "runner/src/guardian.rs",
    "runner/src/target/sudo_user.rs",
];
/// Words in s that are no verbs.
const NO_VERBS: &str = "was does this as its always unless us less ones ours yes plus";
/// Words after a noun in the plural, and not after a verb.
const AFTER_NOUNS: &str = "of are have is who which were may can do has must need";

/// Returns a Rust file of more than [`MAX_LINES`].
pub fn too_long(file: &File) -> Vec<Place> {
    longer(file, MAX_LINES, usize::MAX)
}

/// Returns a Rust file of more than [`PREFERRED_LINES`].
pub fn long(file: &File) -> Vec<Place> {
    longer(file, PREFERRED_LINES, MAX_LINES)
}

fn longer(file: &File, most: usize, end: usize) -> Vec<Place> {
    let lines = file.text.lines().count();
    let is_long = file.rust.is_some() && lines > most && lines <= end;
    let place = is_long.then(|| (1, format!("{lines} lines, at most {most}")));
    place.into_iter().collect()
}

/// Returns the functions of more than [`FUNCTION_LINES`].
pub fn long_functions(file: &File) -> Vec<Place> {
    let functions = file.rust.iter().flat_map(|source| &source.functions);
    let long = functions.filter(|it| it.length > FUNCTION_LINES);
    long.map(|it| {
        let text = format!(
            "`{}` has {} lines, at most {FUNCTION_LINES}",
            it.name, it.length
        );
        (it.line, text)
    })
    .collect()
}

/// Returns the tests whose name does not begin with a verb in the third person.
pub fn test_names(file: &File) -> Vec<Place> {
    let functions = file.rust.iter().flat_map(|source| &source.functions);
    functions
        .filter(|it| it.test && !begins_with_verb(&it.name))
        .map(|it| (it.line, format!("`{}` does not begin with a verb", it.name)))
        .collect()
}

/// By the form of the words: a plural noun is taken for a verb unless the next word shows it.
fn begins_with_verb(name: &str) -> bool {
    let mut words = name.split('_');
    let (first, second) = (words.next().unwrap_or_default(), words.next());
    first.ends_with('s')
        && !NO_VERBS.split(' ').any(|word| word == first)
        && second.is_some_and(|second| !AFTER_NOUNS.split(' ').any(|word| word == second))
}

/// Returns a Rust file whose first line, except attributes, is no module documentation.
/// `tests.rs` needs none.
pub fn no_module_doc(file: &File) -> Vec<Place> {
    let mut lines = file.text.lines();
    let first = lines.find(|line| !line.trim().is_empty() && !line.starts_with("#!["));
    let documented = first.is_some_and(|line| line.starts_with("//!"));
    let needed = file.rust.is_some() && !file.path.ends_with("/tests.rs");
    let place = (needed && !documented).then(|| (1, "no //! at the top".to_owned()));
    place.into_iter().collect()
}

/// Returns the dependencies of a manifest that point against the flow of data.
pub fn dependencies(file: &File) -> Vec<Place> {
    let krate = file.path.strip_suffix("/Cargo.toml");
    let Some((_, forbidden)) = FORBIDDEN.iter().find(|(it, _)| krate == Some(it)) else {
        return Vec::new();
    };
    let table: toml::Table = file.text.parse().expect("cargo reads it too");
    let dependencies = table.get("dependencies");
    let uses = |name: &&str| dependencies.is_some_and(|it| it.get(name).is_some());
    let names = forbidden.split(' ').filter(uses);
    names
        .map(|name| (1, format!("may not depend on {name}")))
        .collect()
}

/// Returns lines of comments and prose that are too wide. Code, tables and links may be.
pub fn wide(file: &File) -> Vec<Place> {
    let lines: Vec<&str> = file.text.lines().collect();
    let document = file.path.ends_with(".md");
    let measured = |kind: Kind| kind.is_comment() || (document && kind == Kind::Prose);
    let blocks = file.blocks.iter().filter(|block| measured(block.kind));
    let numbers = blocks.flat_map(|block| block.numbers());
    numbers
        .filter_map(|number| {
            let line = lines.get(number - 1)?;
            let columns = line.chars().count();
            let wide = columns > WIDTH && !line.contains("](") && !line.contains("://");
            wide.then(|| (number, format!("{columns} columns, at most {WIDTH}")))
        })
        .collect()
}

/// Returns the documentation of items that begins in the middle of a sentence.
pub fn run_on(file: &File) -> Vec<Place> {
    let docs = file.blocks.iter().filter(|it| it.kind == Kind::ItemDoc);
    let starts = docs.map(|block| (block.line, block.lines[0].trim()));
    starts
        .filter(|(_, start)| start.starts_with(char::is_lowercase) && !begins_with_name(start))
        .map(|(line, start)| {
            (
                line,
                format!("documentation continues the item above: {start}"),
            )
        })
        .collect()
}

fn begins_with_name(text: &str) -> bool {
    let word = text.split(|c: char| !c.is_alphanumeric()).next();
    word.is_some_and(|word| LOWER_CASE.split(' ').any(|it| it == word))
}

/// Returns the first unsafe code of a file that may have none.
pub fn misplaced_unsafe(file: &File) -> Vec<Place> {
    let misplaced = !UNSAFE.iter().any(|folder| file.path.starts_with(folder));
    let text = "unsafe code belongs into profiler-ebpf, profiler-common or profiler";
    let first = unsafe_lines(file).take(usize::from(misplaced));
    first.map(|at| (at + 1, text.to_owned())).collect()
}

/// Returns the lines that open an unsafe block, function or implementation; attributes do not.
fn unsafe_lines(file: &File) -> impl Iterator<Item = usize> {
    let opens = ["{", "fn ", "impl "].map(|rest| format!("{} {rest}", "unsafe"));
    let text = file.rust.as_ref().map_or("", |_| &file.text);
    text.lines().enumerate().filter_map(move |(at, line)| {
        let code = line.split("//").next().unwrap_or(line);
        opens.iter().any(|it| code.contains(it)).then_some(at)
    })
}

/// Returns lines that name a registry or a folder of one machine: package clients know their
/// registries, and other machines do not have these folders.
pub fn machine_places(file: &File) -> Vec<Place> {
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
    let named = |line: &str| places.iter().find(|place| line.contains(*place));
    let lines = (1..).zip(file.text.lines());
    lines
        .filter_map(|(number, line)| Some((number, format!("names {}", named(line)?))))
        .collect()
}
