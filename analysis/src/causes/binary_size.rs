//! The program and its libraries in memory.

use super::case::largest;
use super::{About, Case, Hit, Kind, Rule};

/// See the module.
pub struct BinarySize;

const ABOUT: About = About {
    id: "binary-size",
    title: "Binary size",
    pattern: "Resident pages of the executable and of libraries",
    meaning: "Code is mapped from the file and shared between processes of the same binary; it is paid once, not for each process",
    remedy: "Look at PSS rather than RSS where many processes of it run",
};

impl Rule for BinarySize {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Memory
    }

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case.rows(|row| {
            ["binary text", "binary data", "libraries"].contains(&row.cause.as_str())
        })?;
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
        let found = planted("binary-size", |build| build.region("binary text", 50 << 20));
        assert_whole(&found);
    }
}
