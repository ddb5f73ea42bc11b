//! Rule about modules: siblings do not use each other in a circle.
//!
//! A module stands for everything below it. Uses between a module and its own parent do not count,
//! and neither do tests.

use std::collections::{BTreeMap, BTreeSet};

use super::{File, Place, rust::Reference};

/// Uses among the children of one module: who uses whom.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// Returns each circle, with the folder of its modules.
pub fn check(files: &[File]) -> Vec<(String, Place)> {
    let mut crates: BTreeMap<&str, Vec<(Vec<String>, &File)>> = BTreeMap::new();
    for file in files {
        if let Some((krate, module)) = module(&file.path) {
            crates.entry(krate).or_default().push((module, file));
        }
    }
    let mut found = Vec::new();
    for (krate, modules) in crates {
        for (parent, uses) in uses(&modules) {
            let place = [&[format!("{krate}/src")][..], &parent].concat().join("/");
            let circles = circles(&uses).into_iter();
            found.extend(circles.map(|circle| (place.clone(), (1, circle.join(" ↔ ")))));
        }
    }
    found
}

/// Returns the crate and the module of a file; tests, examples and further programs have none.
fn module(path: &str) -> Option<(&str, Vec<String>)> {
    let (krate, inside) = path.strip_suffix(".rs")?.split_once("/src/")?;
    let mut module: Vec<String> = inside.split('/').map(str::to_owned).collect();
    let last = module.last()?.as_str();
    if module[0] == "bin" || last == "tests" || last == "testing" || last.ends_with("_tests") {
        return None;
    }
    if matches!(last, "mod" | "lib" | "main") {
        module.pop();
    }
    Some((krate, module))
}

/// Returns the uses among siblings, by the path of their parent.
fn uses(modules: &[(Vec<String>, &File)]) -> BTreeMap<Vec<String>, Uses> {
    let known: BTreeSet<&[String]> = modules.iter().map(|(path, _)| path.as_slice()).collect();
    let mut uses: BTreeMap<Vec<String>, Uses> = BTreeMap::new();
    for (module, file) in modules {
        let references = file.rust.iter().flat_map(|source| &source.references);
        for reference in references {
            let target = resolve(module, reference, &known);
            let shared = module.iter().zip(&target).take_while(|(a, b)| a == b);
            let shared = shared.count();
            if let (Some(from), Some(to)) = (module.get(shared), target.get(shared)) {
                let siblings = uses.entry(module[..shared].to_vec()).or_default();
                siblings.entry(from.clone()).or_default().insert(to.clone());
            }
        }
    }
    uses
}

/// Returns the path of the file that a reference leads to.
fn resolve(module: &[String], reference: &Reference, known: &BTreeSet<&[String]>) -> Vec<String> {
    let mut here = [module, &reference.within].concat();
    let mut rest = reference.path.iter();
    for segment in rest.by_ref() {
        match segment.as_str() {
            "crate" => here.clear(),
            "super" => {
                here.pop();
            }
            "self" => {}
            _ => {
                here.push(segment.clone());
                break;
            }
        }
    }
    here.extend(rest.cloned());
    while !here.is_empty() && !known.contains(here.as_slice()) {
        here.pop();
    }
    here
}

/// Returns the groups of modules each of which reaches all others of its group.
fn circles(uses: &Uses) -> Vec<Vec<String>> {
    let reached = |from: &String| {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(next) = open.pop() {
            let used = uses.get(next).into_iter().flatten();
            open.extend(used.filter(|it| seen.insert((*it).clone())));
        }
        seen
    };
    let reach: BTreeMap<&String, BTreeSet<String>> =
        uses.keys().map(|name| (name, reached(name))).collect();
    let mut circles = BTreeSet::new();
    for (name, others) in &reach {
        let mutual = |other: &&String| reach.get(other).is_some_and(|it| it.contains(*name));
        let circle: Vec<String> = others.iter().filter(mutual).cloned().collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}
