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
fn a_difference_in_cpu_is_told_by_its_parts() {
    insta::assert_snapshot!(text(&go_and_bun(4), MetricId::CpuNsPerToken), @"CPU time per token: bun takes 33.1 µs more than go (1.94×; 95 % interval 1.92×–1.95×): 23.9 µs in user code (mostly main loop), because it has 3 wake-ups a token where go has 0.430; 11.7 µs in event polling (epoll, poll) (mostly epoll_pwait2, main loop), because it has 4.10 calls a token where go has 0.400; against that bun takes 3.00 µs in thread synchronization (futex, eventfd) less; nothing is unexplained
User code | 23.9 µs (72 %) of what bun takes more than go in CPU time per token: bun 41.9 µs, go 18.1 µs (of bun, main loop: 35.9 µs over 2 wake-ups, HTTP client: 6.00 µs over 1 wake-ups). | This is the runtime, its libraries and the program; what it does is known as far as the binary names its functions. | Profile the program itself (perf, the runtime's profiler) to split it further.
Waiting for events | 11.7 µs (35 %) of what bun takes more than go in CPU time per token: bun has 4.10 calls a token where go has 0.400; most of it epoll_pwait2 (12.9 µs). | Each turn of an event loop asks the kernel what is ready, and goes to sleep and wakes up for it. | Handle more for each turn; let one loop serve both sides of a stream.");
}

#[test]
fn a_difference_in_memory_is_told_by_its_regions() {
    insta::assert_snapshot!(text(&go_and_bun(4), MetricId::RssBytes), @"resident memory: bun takes 63.0 MiB more than go (5.20×; 95 % interval 5.20×–5.20×): 31.0 MiB in runtime heap; 24.0 MiB in binary text; 8.00 MiB in JIT code; nothing is unexplained
Runtime heap | 31.0 MiB (49 %) of what bun takes more than go in resident memory: bun 40.0 MiB, go 9.00 MiB. | This is live data, garbage not yet collected, and room that the allocator keeps for later. | Compare after a forced collection to tell live data from room; set the heap's limit (GOMEMLIMIT, bun --smol).
Binary size | 24.0 MiB (38 %) of what bun takes more than go in resident memory: bun 30.0 MiB, go 6.00 MiB. | Code is mapped from the file and shared between processes of the same binary; it is paid once, not for each process. | Look at PSS rather than RSS where many processes of it run.
Compiled code | 8.00 MiB (13 %) of what bun takes more than go in resident memory: bun 8.00 MiB, go 0 B. | The JIT reserves room for code and fills it as the program warms up. | Only a runtime without a JIT, or with a smaller code cache, saves it.");
}

#[test]
fn no_difference_is_a_finding() {
    insta::assert_snapshot!(text(&go_and_bun(4), MetricId::TtftNs), @"time to first token (TTFT), median: no difference between go and bun beyond ±3 % (go 21.0 ms, bun 21.0 ms; 1.00×; 95 % interval 1.00×–1.00×)");
}

#[test]
fn without_a_ledger_conditions_say_what_they_know() {
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
        unknown[0].text.ends_with("; the recordings do not say why"),
        "{}",
        unknown[0].text
    );
    let known = slow(50);
    assert!(
        known[0].text.ends_with("; bun has small sends held back"),
        "{}",
        known[0].text
    );
    assert_eq!(known[1].id, "nagle-delay");
}

#[test]
fn one_round_decides_nothing() {
    insta::assert_snapshot!(text(&go_and_bun(1), MetricId::CpuNsPerToken), @"CPU time per token: one round each does not tell whether go and bun differ (go 35.3 µs, bun 68.6 µs); more rounds would. As measured, bun takes 33.3 µs more than go (1.94×; no interval): 24.0 µs in user code (mostly main loop), because it has 3 wake-ups a token where go has 0.430; 11.7 µs in event polling (epoll, poll) (mostly epoll_pwait2, main loop), because it has 4.10 calls a token where go has 0.400; against that bun takes 3.00 µs in thread synchronization (futex, eventfd) less; nothing is unexplained");
}

#[test]
fn what_is_not_explained_is_said() {
    let mut recordings = go_and_bun(2);
    for (_, recording) in &mut recordings {
        if recording.target.arm == "bun" {
            recording.process.on_cpu_ns *= 2;
        }
    }
    let found = &findings(&recordings, MetricId::CpuNsPerToken)[0];
    assert!(found.text.contains("%) is not explained"), "{}", found.text);
    assert!(found.share < 0.5, "{}", found.share);
}

#[test]
fn a_saving_is_told_as_one() {
    let mut recordings = go_and_bun(4);
    recordings.reverse();
    let found = text(&recordings, MetricId::CpuNsPerToken);
    assert!(
        found.contains("go takes") && found.contains("less than bun"),
        "{found}"
    );
}

#[test]
fn what_runs_against_the_difference_is_told_too() {
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
        found.contains("against that y takes 600 ns in receiving (read, recv) less"),
        "{found}"
    );
}

#[test]
fn identical_arms_have_no_difference_anywhere() {
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
