//! The program's own code, runtime and libraries included.

use super::Row;
use super::{About, Case, Hit, Kind, Rule};
use crate::{quantity, work::USER_CODE};

/// See the module.
pub struct UserCode;

const ABOUT: About = About {
    id: "user-code",
    title: "User code",
    pattern: "Time in user mode, by thread role",
    meaning: "This is the runtime, its libraries and the program; the kernel sees how long it runs, not what it does",
    remedy: "Profile the program itself (perf, the runtime's profiler) to split it further",
};

impl Rule for UserCode {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Cpu
    }

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case.work(USER_CODE)?;
        let text = format!("{} ({})", case.values(&rows), roles(case, &rows));
        Some(Hit::of(rows, text))
    }
}

/// What each role of the dearer arm runs, the two largest.
fn roles(case: &Case<'_>, rows: &[Row]) -> String {
    let mut rows: Vec<&Row> = rows.iter().filter(|row| row.dear.value > 0.0).collect();
    rows.sort_by(|one, other| other.dear.value.total_cmp(&one.dear.value));
    let unit = &case.story.metric.unit;
    let told = rows.iter().take(2).map(|row| {
        let (value, wakeups) = (
            quantity::text(row.dear.value, unit),
            quantity::plain(row.dear.count),
        );
        format!("{}: {value} over {wakeups} wake-ups", row.role)
    });
    let told: Vec<String> = told.collect();
    format!("of {}, {}", case.dear.arm, told.join(", "))
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;

    #[test]
    fn busy_code_is_found() {
        let found = planted("user-code", |build| {
            build.thread(9, MAIN, |thread| thread.user(DOSE, 0))
        });
        assert_whole(&found);
    }
}
