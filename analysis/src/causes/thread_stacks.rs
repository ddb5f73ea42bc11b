//! Stacks of threads.

use super::case::largest;
use super::{About, Case, Hit, Kind, Rule};

/// See the module.
pub struct ThreadStacks;

const ABOUT: About = About {
    id: "thread-stacks",
    title: "Thread stacks",
    pattern: "Resident pages of thread stacks",
    meaning: "Each thread keeps the deepest stack it ever used",
    remedy: "Use fewer threads",
};

impl Rule for ThreadStacks {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Memory
    }

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case.rows(|row| ["thread stacks"].contains(&row.cause.as_str()))?;
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
        let found = planted("thread-stacks", |build| {
            build.region("thread stacks", 50 << 20)
        });
        assert_whole(&found);
    }
}
