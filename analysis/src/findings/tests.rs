use crate::testing::{compare, go_and_bun};
use recording::testing::Build;
use recording::vocabulary::MetricId;
use recording::{Recording, comparison::Finding};

fn findings(recordings: &[(String, Recording)], metric: MetricId) -> Vec<Finding> {
    let all = compare(recordings).findings;
    all.into_iter()
        .filter(|finding| finding.metric == metric)
        .collect()
}

fn text(recordings: &[(String, Recording)], metric: MetricId) -> String {
    let found = findings(recordings, metric).into_iter();
    let texts = found.map(|found| {
        let parts = [found.title, found.text, found.meaning, found.advice];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(" | ")
    });
    texts.collect::<Vec<_>>().join("\n")
}

#[test]
fn splits_a_difference_in_cpu_time() {
    insta::assert_snapshot!(text(&go_and_bun(4), MetricId::CpuNsPerToken), @"CPU time per token: bun takes 33.1 µs more than go (1.94×, 95 % interval 1.92×–1.95×): 23.9 µs in user code (mostly main loop), because it has 3 wake-ups per token against 0.430; 11.7 µs in event polling (epoll, poll) (mostly epoll_pwait2, main loop), because it has 4.10 syscalls per token against 0.400; bun saves 3.00 µs in thread synchronization (futex, eventfd); 23.9 µs (72 %) has no name.
User code | bun takes 23.9 µs more per token than go (72 % of the difference): 41.9 µs against 18.1 µs (bun: main loop 35.9 µs over 2 wake-ups, HTTP client 6.00 µs over 1 wake-ups). | This is the runtime, its libraries and the program. Categories come from symbols, callers and evidence in the binary. | Profile the program (perf, the runtime's profiler) to split it further.
Event polling | bun takes 11.7 µs more per token than go (35 % of the difference): 4.10 syscalls per token against 0.400; most of it epoll_pwait2 (12.9 µs). | Each loop iteration asks the kernel for ready events, and blocks and wakes up for them. | Handle more events per iteration; let one loop serve both sides of a stream.");
}

#[test]
fn splits_a_difference_in_memory() {
    insta::assert_snapshot!(text(&go_and_bun(4), MetricId::RssBytes), @"resident memory: bun takes 63.0 MiB more than go (5.20×, 95 % interval 5.20×–5.20×): 31.0 MiB in runtime heap; 24.0 MiB in binary text; 8.00 MiB in JIT code; nothing is unexplained.
Runtime heap | bun takes 31.0 MiB more than go (49 % of the difference): 40.0 MiB against 9.00 MiB. | The heap holds live data, garbage that was not collected yet, and free memory that the allocator keeps. | Compare after a forced collection to see the live data; limit the heap (GOMEMLIMIT, bun --smol).
Binary size | bun takes 24.0 MiB more than go (38 % of the difference): 30.0 MiB against 6.00 MiB. | Code is mapped from files and shared between processes of one binary, so it is paid once per host. | Compare PSS instead of RSS where many such processes run.
JIT code | bun takes 8.00 MiB more than go (13 % of the difference): 8.00 MiB against 0 B. | The JIT reserves a code cache and fills it as the program warms up. | Only a runtime without a JIT, or with a smaller code cache, saves it.");
}

#[test]
fn reports_no_difference() {
    insta::assert_snapshot!(text(&go_and_bun(4), MetricId::TtftNs), @"time to first token (TTFT), median: no difference between go and bun beyond ±3 % (go 21.0 ms, bun 21.0 ms; 1.00×, 95 % interval 1.00×–1.00×).");
}

#[test]
fn names_conditions_where_there_is_no_ledger() {
    let slow = |held| {
        let mut recordings = go_and_bun(4);
        for (_, recording) in &mut recordings {
            let Some(load) = &mut recording.load else {
                continue;
            };
            if recording.target.arm == "bun" {
                load.ttft.p50_ns *= 2;
                recording.sockets.relays_unmatched = 100;
                recording.sockets.nagle_delayed_sends = held;
            }
        }
        findings(&recordings, MetricId::TtftNs)
    };
    let unknown = slow(0);
    assert!(
        unknown[0]
            .text
            .ends_with("; the recordings do not show why."),
        "{}",
        unknown[0].text
    );
    let known = slow(50);
    assert!(
        known[0].text.ends_with("; bun has nagle-delayed sends."),
        "{}",
        known[0].text
    );
    assert_eq!(known[1].id, "nagle-delay");
}

#[test]
fn decides_nothing_from_one_round() {
    insta::assert_snapshot!(text(&go_and_bun(1), MetricId::CpuNsPerToken), @"CPU time per token: no verdict, because one round has no interval (go 35.3 µs, bun 68.6 µs). Record at least 2 rounds, better 4. As measured, bun takes 33.3 µs more than go (1.94×, no interval): 24.0 µs in user code (mostly main loop), because it has 3 wake-ups per token against 0.430; 11.7 µs in event polling (epoll, poll) (mostly epoll_pwait2, main loop), because it has 4.10 syscalls per token against 0.400; bun saves 3.00 µs in thread synchronization (futex, eventfd); 24.1 µs (72 %) has no name.");
}

#[test]
fn reports_the_unexplained_rest() {
    let mut recordings = go_and_bun(2);
    for (_, recording) in &mut recordings {
        if recording.target.arm == "bun" {
            recording.process.on_cpu_ns *= 2;
        }
    }
    let found = &findings(&recordings, MetricId::CpuNsPerToken)[0];
    assert!(found.text.contains("%) is unexplained"), "{}", found.text);
    assert!(found.share < 0.5, "{}", found.share);
}

#[test]
fn reports_a_saving() {
    let mut recordings = go_and_bun(4);
    recordings.reverse();
    let found = text(&recordings, MetricId::CpuNsPerToken);
    assert!(
        found.contains("go takes") && found.contains("less than bun"),
        "{found}"
    );
}

#[test]
fn reports_rows_against_the_difference() {
    let rounds = |arm: &'static str, user: u64, read: u64| {
        (1..=2u64).map(move |round| {
            let build = Build::arm(arm).load(1000, 10);
            let build = build.thread(1, "main", |thread| {
                thread.user(user + round, 100).call("read", 100, read)
            });
            (format!("{arm}/{round}"), build.done())
        })
    };
    let recordings: Vec<_> = rounds("x", 1_000_000, 900_000)
        .chain(rounds("y", 4_000_000, 300_000))
        .collect();
    let found = text(&recordings, MetricId::CpuNsPerToken);
    assert!(
        found.contains("y saves 600 ns in receiving (read, recv)"),
        "{found}"
    );
}

#[test]
fn finds_no_difference_between_identical_arms() {
    let twin = |(path, recording): &(String, Recording)| {
        let mut twin = recording.clone();
        twin.target.arm = "twin".into();
        (format!("twin/{path}"), twin)
    };
    let go: Vec<_> = go_and_bun(4)
        .into_iter()
        .filter(|(path, _)| path.starts_with("go"))
        .collect();
    let twins: Vec<_> = go.iter().map(twin).collect();
    let comparison = compare(&[go, twins].concat());
    assert!(!comparison.findings.is_empty());
    for finding in comparison.findings {
        assert_eq!(finding.id, "no-difference", "{}", finding.text);
    }
}
