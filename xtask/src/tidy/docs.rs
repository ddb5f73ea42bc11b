//! Rule about documents: links lead somewhere, paths exist, and each crate is described.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::{File, Rule, Violation, markdown};

/// The document that describes each crate.
const ARCHITECTURE: &str = "docs/architecture.md";

/// Returns the violations of all documents.
pub fn check(files: &[File]) -> Vec<Violation> {
    let known = places(files);
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        for (at, (kind, line)) in markdown::lines(&file.text).enumerate() {
            if kind != markdown::Line::Code {
                found.extend(wrong_places(file, line, at + 1, &known));
            }
        }
    }
    found.extend(missing_crates(files));
    found
}

/// Returns every file and folder of the repository.
fn places(files: &[File]) -> BTreeSet<PathBuf> {
    let paths = files.iter().map(|file| Path::new(&file.path));
    paths.flat_map(Path::ancestors).map(PathBuf::from).collect()
}

/// Returns links and paths of one line that lead nowhere.
fn wrong_places(
    file: &File,
    line: &str,
    number: usize,
    known: &BTreeSet<PathBuf>,
) -> Vec<Violation> {
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
    let links = line.split("](").skip(1).filter_map(|rest| {
        let link = rest.split([')', ' ', '#']).next()?;
        let local = !link.is_empty() && !link.contains(':');
        let place = normal(&folder.join(link));
        (local && !known.contains(&place)).then(|| format!("the link {link} leads nowhere"))
    });
    let paths = line.split('`').skip(1).step_by(2).filter_map(|code| {
        let path = normal(Path::new(code.trim_end_matches('/')));
        let first = path.components().next()?;
        let is_path = code.contains('/') && code.chars().all(is_path_letter);
        let ours = known.contains(Path::new(&first)) && !code.starts_with("target/");
        let missing = is_path && ours && !known.contains(&path);
        missing.then(|| format!("there is no {code}"))
    });
    links
        .chain(paths)
        .map(|text| Violation::new(Rule::Docs, &file.path, number, text))
        .collect()
}

fn is_path_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "/._-".contains(letter)
}

/// Resolves `..` without the file system.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

/// Returns the members of the workspace that the architecture does not name.
fn missing_crates(files: &[File]) -> Vec<Violation> {
    let text = |path: &str| files.iter().find(|file| file.path == path);
    let (Some(workspace), Some(document)) = (text("Cargo.toml"), text(ARCHITECTURE)) else {
        return Vec::new();
    };
    let table: toml::Table = workspace.text.parse().expect("cargo reads it too");
    let members = table["workspace"]["members"].as_array();
    let names = members.into_iter().flatten().filter_map(|it| it.as_str());
    names
        .filter(|name| !document.text.contains(&format!("`{name}`")))
        .map(|name| {
            let text = format!("does not describe the crate {name}");
            Violation::new(Rule::Docs, ARCHITECTURE, 1, text)
        })
        .collect()
}
