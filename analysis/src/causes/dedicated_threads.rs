//! Threads that exist for one job.

use super::{About, Comparison, Kind, Match, Rule};
use recording::vocabulary::TermKind;

/// CPU time of the threads of one job.
pub struct ThreadJob {
    about: About,
    job: TermKind,
    /// Who does it, for sentences.
    who: &'static str,
}

/// Threads whose only job is to collect garbage.
pub const GARBAGE_COLLECTION: ThreadJob = ThreadJob {
    about: About {
        id: "garbage-collection",
        title: "Garbage collection",
        pattern: "CPU time of the collector's own threads (JavaScriptCore's heap helpers, and threads that call themselves so), and of its functions on any thread where the binary names them",
        meaning: "The collector marks what is still in use; its work grows with what is allocated and kept",
        remedy: "Allocate less for each token, or give the heap more room so that it collects less often",
    },
    job: TermKind::Gc,
    who: "the collector",
};

/// Threads whose only job is to compile.
pub const JIT_COMPILATION: ThreadJob = ThreadJob {
    about: About {
        id: "jit-compilation",
        title: "JIT compilation",
        pattern: "CPU time of the compiler's own threads (JavaScriptCore's JIT workers), and of its functions on any thread where the binary names them",
        meaning: "Hot code is compiled while it serves; this fades as the process warms up",
        remedy: "Warm up longer before measuring; if it does not fade, look for code that is compiled again and again",
    },
    job: TermKind::Jit,
    who: "the compiler",
};

impl Rule for ThreadJob {
    fn about(&self) -> &About {
        &self.about
    }

    fn kind(&self) -> Kind {
        Kind::Cpu
    }

    fn check(&self, pair: &Comparison<'_>) -> Option<Match> {
        let rows = pair.work(self.job)?;
        let text = format!("{} on a CPU: {}", self.who, pair.values(&rows));
        Some(Match::of(rows, text))
    }
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;
    use recording::vocabulary::Role;

    #[test]
    fn the_threads_of_each_job_are_found() {
        for (id, role) in [
            ("garbage-collection", Role::JscHeapHelper),
            ("garbage-collection", Role::Gc),
            ("jit-compilation", Role::JscJit),
        ] {
            let found = planted(id, |build| {
                build.thread(9, role.clone(), |thread| thread.user(DOSE, 50))
            });
            assert_whole(&found);
        }
    }

    #[test]
    fn threads_of_many_jobs_are_another_matter() {
        let found = causes_of(|build| build.thread(9, "pool", |thread| thread.user(DOSE, 50)));
        assert_eq!(found[0].id, "user-code");
    }
}
