//! Threads whose only job is to compile.

use super::{About, Case, Hit, Kind, Rule};
use crate::work::COMPILING;

/// See the module.
pub struct JitCompilation;

const ABOUT: About = About {
    id: "jit-compilation",
    title: "JIT compilation",
    pattern: "CPU time of the compiler's own threads (JavaScriptCore's JIT workers)",
    meaning: "Hot code is compiled while it serves; this fades as the process warms up",
    remedy: "Warm up longer before measuring; if it does not fade, look for code that is compiled again and again",
};

impl Rule for JitCompilation {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Cpu
    }

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case.work(COMPILING)?;
        let text = format!("compiler threads on a CPU: {}", case.values(&rows));
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
    fn compiler_threads_are_found() {
        let found = planted("jit-compilation", |build| {
            build.thread(9, JSC_JIT, |thread| thread.user(DOSE, 50))
        });
        assert_whole(&found);
    }
}
