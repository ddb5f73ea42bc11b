//! Rule about documents: links lead to files and headings, and paths exist.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::{File, Place};

/// Every file and folder of the repository, and the anchors of each document.
struct Known {
    places: BTreeSet<PathBuf>,
    anchors: BTreeMap<PathBuf, BTreeSet<String>>,
}

/// Returns links and paths that lead nowhere, by document.
pub fn check(files: &[File]) -> Vec<(String, Place)> {
    let documents = || files.iter().filter(|file| file.path.ends_with(".md"));
    let paths = files.iter().map(|file| Path::new(&file.path));
    let known = Known {
        places: paths.flat_map(Path::ancestors).map(PathBuf::from).collect(),
        anchors: documents()
            .map(|file| (file.path.clone().into(), anchors(file)))
            .collect(),
    };
    let mut found = Vec::new();
    for file in documents() {
        for block in &file.blocks {
            for (number, line) in block.numbers().zip(&block.lines) {
                let links = line
                    .split("](")
                    .skip(1)
                    .filter_map(|rest| rest.split([')', ' ']).next());
                let links = links.filter_map(|link| known.dead_link(&file.path, link));
                let quoted = line.split('`').skip(1).step_by(2);
                let paths = quoted.filter(|code| known.lacks(code));
                let texts = links.chain(paths.map(|code| format!("there is no {code}")));
                found.extend(texts.map(|text| (file.path.clone(), (number, text))));
            }
        }
    }
    found
}

/// Returns the anchors that GitHub gives to the headings of a document.
fn anchors(file: &File) -> BTreeSet<String> {
    let lines = file.blocks.iter().flat_map(|block| &block.lines);
    let headings = lines.filter(|line| line.starts_with('#'));
    let kept = |c: &char| c.is_alphanumeric() || "-_ ".contains(*c);
    headings
        .map(|line| {
            let lower = line.trim_start_matches('#').trim().to_lowercase();
            lower
                .chars()
                .filter(kept)
                .collect::<String>()
                .replace(' ', "-")
        })
        .collect()
}

impl Known {
    /// Returns a complaint about a link of `document` that leads nowhere, except to other sites.
    fn dead_link(&self, document: &str, link: &str) -> Option<String> {
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let place = match path {
            "" => PathBuf::from(document),
            path => normal(&Path::new(document).parent()?.join(path)),
        };
        if link.contains(':') {
            return None;
        }
        if !self.places.contains(&place) {
            return Some(format!("the link {path} leads nowhere"));
        }
        let anchors = self.anchors.get(&place).filter(|_| !anchor.is_empty())?;
        (!anchors.contains(anchor)).then(|| format!("{link} leads to no heading"))
    }

    /// Whether code in backticks is a path in a folder of the repository, but does not exist.
    fn lacks(&self, code: &str) -> bool {
        let path = normal(Path::new(code.trim_end_matches('/')));
        let is_letter = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        let is_path = code.contains('/') && code.chars().all(is_letter);
        let first = path.components().next();
        let ours = first.is_some_and(|it| self.places.contains(Path::new(&it)));
        is_path && ours && !code.starts_with("target/") && !self.places.contains(&path)
    }
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
