//! Resident memory by what it is for.

use super::comparison::largest;
use super::{About, Comparison, Kind, Match, Rule};
use crate::call_sites::{self, Clause};
use recording::vocabulary::{RegionClass, TermKind};

/// Memory of certain classes of region.
pub struct Regions {
    about: About,
    classes: &'static [RegionClass],
}

/// The program and its libraries.
pub const BINARY_SIZE: Regions = Regions {
    about: About {
        id: "binary-size",
        title: "Binary size",
        pattern: "Resident pages of the executable and of libraries",
        meaning: "Code is mapped from the file and shared between processes of the same binary; it is paid once, not for each process",
        remedy: "Look at PSS rather than RSS where many processes of it run",
    },
    classes: &[
        RegionClass::BinaryText,
        RegionClass::BinaryData,
        RegionClass::Libraries,
    ],
};

/// What a JIT has made.
pub const JIT_MEMORY: Regions = Regions {
    about: About {
        id: "jit-memory",
        title: "Compiled code",
        pattern: "Resident pages of writable and executable memory",
        meaning: "The JIT reserves room for code and fills it as the program warms up",
        remedy: "Only a runtime without a JIT, or with a smaller code cache, saves it",
    },
    classes: &[RegionClass::JitCode],
};

/// Stacks of threads.
pub const THREAD_STACKS: Regions = Regions {
    about: About {
        id: "thread-stacks",
        title: "Thread stacks",
        pattern: "Resident pages of thread stacks",
        meaning: "Each thread keeps the deepest stack it ever used",
        remedy: "Use fewer threads",
    },
    classes: &[RegionClass::ThreadStacks],
};

/// The heap that the runtime holds.
pub const RETAINED_HEAP: Regions = Regions {
    about: About {
        id: "retained-heap",
        title: "Runtime heap",
        pattern: "Resident pages of the runtime's heap",
        meaning: "This is live data, garbage not yet collected, and room that the allocator keeps for later",
        remedy: "Compare after a forced collection to tell live data from room; set the heap's limit (GOMEMLIMIT, bun --smol)",
    },
    classes: &[RegionClass::RuntimeHeap],
};

impl Rule for Regions {
    fn about(&self) -> &About {
        &self.about
    }

    fn kind(&self) -> Kind {
        Kind::Memory
    }

    fn check(&self, pair: &Comparison<'_>) -> Option<Match> {
        let rows = pair.rows(|row| {
            self.classes
                .iter()
                .any(|class| row.kind == TermKind::Region(*class))
        })?;
        let unit = pair.view.metric.unit;
        // What was touched while recorded is mostly heap, and says nothing of how other classes came to be.
        let faulting = match self.about.id {
            "retained-heap" => call_sites::page_faults(pair.costly),
            _ => Clause::default(),
        };
        let (values, largest) = (pair.values(&rows), largest(&rows, unit));
        Some(Match {
            text: format!("{values}{largest}{}", faulting.text),
            rows,
            evidence: faulting.evidence,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::causes::testing::*;

    #[test]
    fn every_class_is_found_by_its_rule() {
        for rule in [BINARY_SIZE, JIT_MEMORY, THREAD_STACKS, RETAINED_HEAP] {
            for class in rule.classes {
                let found = planted(rule.about.id, |build| build.region(*class, 50 << 20));
                assert_whole(&found);
            }
        }
    }
}
