//! Built-in scenarios, in the format of user files.

use super::Scenario;
use crate::Error;

/// Name and text of a built-in scenario.
pub type Builtin = (&'static str, &'static str);

const BUILTIN: [Builtin; 8] = [
    ("baseline", include_str!("../../scenarios/baseline.toml")),
    ("quick", include_str!("../../scenarios/quick.toml")),
    ("stress", include_str!("../../scenarios/stress.toml")),
    ("soak", include_str!("../../scenarios/soak.toml")),
    ("spike", include_str!("../../scenarios/spike.toml")),
    (
        "breakpoint",
        include_str!("../../scenarios/breakpoint.toml"),
    ),
    ("hold", include_str!("../../scenarios/hold.toml")),
    ("open", include_str!("../../scenarios/open.toml")),
];

/// Returns all built-in scenarios.
pub fn list() -> &'static [Builtin] {
    &BUILTIN
}

/// Returns the built-in scenario `name`, or the scenario in the file of that path.
///
/// # Errors
/// If there is neither, or the file is invalid.
pub fn find(name: &str) -> Result<Scenario, Error> {
    if let Some((name, text)) = BUILTIN.iter().find(|(builtin, _)| *builtin == name) {
        return Scenario::parse(name, text);
    }
    let path = std::path::Path::new(name);
    let text = std::fs::read_to_string(path).map_err(|error| Error::NoScenario {
        name: name.into(),
        known: BUILTIN.map(|(name, _)| name).join(", "),
        error,
    })?;
    let stem = path.file_stem().unwrap_or(path.as_os_str());
    Scenario::parse(&stem.to_string_lossy(), &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn describes_every_builtin_scenario() {
        for (name, _) in list() {
            let scenario = find(name).unwrap();
            assert_eq!(&scenario.name, name);
            assert!(!scenario.description.is_empty(), "{name}");
        }
    }

    #[test]
    fn reads_a_scenario_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mine.toml");
        std::fs::write(&path, "[[stages]]\nduration = '1s'\nusers = 3").unwrap();
        assert_eq!(find(path.to_str().unwrap()).unwrap().name, "mine");
    }

    #[test]
    fn rejects_an_unknown_name_with_the_known_ones() {
        let text = find("basline").unwrap_err().to_string();
        assert!(
            text.contains("basline") && text.contains("baseline"),
            "{text}"
        );
    }
}
