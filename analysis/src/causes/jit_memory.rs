//! Compiled code in memory.

use super::case::largest;
use super::{About, Case, Hit, Kind, Rule};

/// See the module.
pub struct JitMemory;

const ABOUT: About = About {
    id: "jit-memory",
    title: "Compiled code",
    pattern: "Resident pages of writable and executable memory",
    meaning: "The JIT reserves room for code and fills it as the program warms up",
    remedy: "Only a runtime without a JIT, or with a smaller code cache, saves it",
};

impl Rule for JitMemory {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Memory
    }

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case.rows(|row| ["jit code"].contains(&row.cause.as_str()))?;
        let text = format!(
            "{}{}",
            case.values(&rows),
            largest(&rows, &case.story.metric.unit)
        );
        Some(Hit {
            rows,
            text,
            evidence: vec![],
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;

    #[test]
    fn it_is_found() {
        let found = planted("jit-memory", |build| build.region("jit code", 50 << 20));
        assert_whole(&found);
    }
}
