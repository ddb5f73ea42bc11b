//! Waits of goroutines by the code that waits and the code that ends the wait.

use recording::Recording;
use recording::comparison::GoroutineWaits;
use recording::instrumented::GoroutineWait;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Rows of a round.
const ROWS: usize = 20;
/// Functions of a place.
const FUNCTIONS: usize = 3;
/// Packages that only carry out the wait.
const MECHANISM: [&str; 4] = ["runtime.", "sync.", "internal/", "time.Sleep"];
/// Functions of the scheduler. From here on, a stack is that of a thread that looks for work.
const SCHEDULER: [&str; 5] = [
    "runtime.(*timers).",
    "runtime.checkTimers",
    "runtime.findRunnable",
    "runtime.schedule",
    "runtime.sysmon",
];

/// Reason, place and end.
type Key = (String, Vec<String>, Vec<String>);

/// Adds up the waits of a round, longest first.
pub fn of_round(recording: &Recording, waits: &[GoroutineWait]) -> Vec<GoroutineWaits> {
    let mut sums: BTreeMap<Key, GoroutineWaits> = BTreeMap::new();
    for wait in waits {
        let (place, by) = (place(&wait.stack), place(ender(&wait.by)));
        let key = (wait.reason.clone(), place.clone(), by.clone());
        let sum = sums.entry(key).or_insert_with(|| GoroutineWaits {
            reason: wait.reason.clone(),
            place,
            by,
            ..GoroutineWaits::default()
        });
        sum.count += wait.count;
        sum.open += wait.open;
        sum.wait_ns += wait.wait_ns;
    }
    let tokens = recording.tokens();
    let mut rows: Vec<GoroutineWaits> = sums.into_values().collect();
    for row in &mut rows {
        row.per_token = (tokens > 0).then(|| row.count as f64 / tokens as f64);
    }
    rows.sort_by_key(|row| Reverse(row.wait_ns));
    rows.truncate(ROWS);
    rows
}

/// Returns the stack that ended a wait; nothing where the scheduler did.
fn ender(stack: &[String]) -> &[String] {
    let schedules = |name: &String| SCHEDULER.iter().any(|prefix| name.starts_with(prefix));
    match stack.iter().any(schedules) {
        true => &[],
        false => stack,
    }
}

fn place(stack: &[String]) -> Vec<String> {
    let carries_out = |name: &&String| MECHANISM.iter().any(|prefix| name.starts_with(prefix));
    let named = stack.iter().skip_while(carries_out);
    let named = named.filter(|name| *name != "runtime.goexit");
    let named: Vec<String> = named.take(FUNCTIONS).cloned().collect();
    match (named.is_empty(), stack) {
        // The runtime's own goroutine.
        (true, [.., outer, _]) => vec![outer.clone()],
        _ => named,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::testing::Build;

    fn wait(reason: &str, stack: &[&str], by: &[&str], wait_ns: u64) -> GoroutineWait {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        GoroutineWait {
            reason: reason.into(),
            count: 2,
            open: 0,
            wait_ns,
            stack: names(stack),
            by: names(by),
        }
    }

    #[test]
    fn names_the_code_that_waits_and_the_code_that_ends_it() {
        let lock = |depth: &str, wait_ns| {
            wait(
                "sync.Mutex.Lock",
                &[
                    "runtime.gopark",
                    "internal/sync.(*Mutex).lockSlow",
                    "main.get",
                    "main.serve",
                    "net/http.serve",
                    depth,
                ],
                &[
                    "runtime.ready",
                    "sync.(*Mutex).Unlock",
                    "main.put",
                    "runtime.goexit",
                ],
                wait_ns,
            )
        };
        let timer = [
            "runtime.ready",
            "runtime.(*timers).run",
            "runtime.schedule",
            "main.put",
        ];
        let own = ["runtime.gopark", "runtime.bgsweep", "runtime.goexit"];
        let waits = [
            lock("a", 30),
            lock("b", 40),
            wait("sleep", &["time.Sleep", "main.tick"], &timer, 20),
            wait("GC sweep wait", &own, &[], 10),
        ];
        let rows = of_round(&Build::arm("go").load(8, 1).done(), &waits);
        let shown: Vec<String> = rows
            .iter()
            .map(|row| {
                let [place, by] = [&row.place, &row.by].map(|names| names.join(" ← "));
                format!("{} {}: {place} | {by}", row.wait_ns, row.reason)
            })
            .collect();
        assert_eq!(
            shown,
            [
                "70 sync.Mutex.Lock: main.get ← main.serve ← net/http.serve | main.put",
                "20 sleep: main.tick | ",
                "10 GC sweep wait: runtime.bgsweep | ",
            ]
        );
        assert_eq!((rows[0].count, rows[0].per_token), (4, Some(0.5)));
    }
}
