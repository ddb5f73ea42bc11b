//! Recordings and comparisons for the tests of this crate.

use proptest::prelude::*;
use recording::process::RunQueueBlame;
use recording::testing::Build;
use recording::vocabulary::{RegionClass, Role};
use recording::{Comparison, Recording};

/// Compares recordings whose threads have the roles that the test gave them.
pub fn compare(recordings: &[(String, Recording)]) -> Comparison {
    crate::compare_annotated(recordings, &[])
}

/// Returns rounds of a plausible go and a plausible bun, 10,000 tokens each, with a little noise
/// between rounds.
pub fn go_and_bun(rounds: u64) -> Vec<(String, Recording)> {
    let rounds = 1..=rounds;
    rounds
        .flat_map(|round| {
            [
                (format!("go/{round}"), go(round)),
                (format!("bun/{round}"), bun(round)),
            ]
        })
        .collect()
}

fn go(round: u64) -> Recording {
    let noise = 997 + 2 * round;
    Build::arm("go")
        .thread(1, Role::GoSysmon, |thread| {
            thread.user(200_000, 300).call("nanosleep", 300, 900_000)
        })
        .thread(2, Role::GoScheduler, |thread| {
            let thread = thread.user(180_000 * noise, 4_000).fault(300_000, 100);
            let thread = thread.call("epoll_pwait", 4_000, 12_000_000);
            let thread = thread.call("read", 21_000, 40_000_000);
            thread
                .call("write", 10_000, 90_000 * noise)
                .call("futex", 6_000, 30_000_000)
        })
        .region(RegionClass::BinaryText, 6 << 20)
        .region(RegionClass::RuntimeHeap, 9 << 20)
        .load(10_000, 200)
        .done()
}

fn bun(round: u64) -> Recording {
    let noise = 1_003 - 2 * round;
    Build::arm("bun")
        .thread(1, Role::MainLoop, |thread| {
            let thread = thread.user(360_000 * noise, 20_000).fault(2_000_000, 900);
            let thread = thread.call("epoll_pwait2", 31_000, 99_000_000);
            thread.call("sendto", 10_000, 95_000 * noise)
        })
        .thread(2, Role::HttpClient, |thread| {
            let thread = thread.user(60_000_000, 10_000);
            let thread = thread.call("epoll_pwait2", 10_000, 30_000_000);
            thread.call("recvfrom", 20_000, 40_000_000)
        })
        .region(RegionClass::BinaryText, 30 << 20)
        .region(RegionClass::RuntimeHeap, 40 << 20)
        .region(RegionClass::JitCode, 8 << 20)
        .load(10_000, 200)
        .done()
}

/// Generates any set of recordings: consistent ones, and ones whose numbers contradict each other.
pub fn any_recordings() -> impl Strategy<Value = Vec<(String, Recording)>> {
    let numbers = prop::collection::vec(0u64..1 << 45, 12);
    let names = prop::sample::select(vec!["a", "b", "c"]);
    prop::collection::vec((names, numbers), 1..7).prop_map(|rounds| {
        let rounds = rounds.into_iter().enumerate();
        rounds
            .map(|(index, (arm, n))| (index.to_string(), any_round(arm, &n)))
            .collect()
    })
}

fn any_round(arm: &str, n: &[u64]) -> Recording {
    let role = [Role::MainLoop, Role::Pool][n[0] as usize % 2].clone();
    let build = Build::arm(arm).thread(1, role, |thread| {
        let call = ["read", "recvfrom", "futex"][n[1] as usize % 3];
        thread
            .user(n[2], n[3])
            .fault(n[4], n[5] % 7)
            .syscall_edge(n[5] % 3 * n[4])
            .call(call, n[6], n[7])
    });
    let functions = ["runtime.scanobject", "main.main", "memcpy", "read", ""];
    let build = functions
        .iter()
        .zip(n)
        .fold(build, |build, (function, n)| build.code(function, n % 20));
    build
        .thread(2, Role::HttpClient, |thread| thread.user(n[8] % 1_000, 1))
        .region(RegionClass::RuntimeHeap, n[8])
        .load(n[9] % 100_000, n[10] % 100)
        .with(|recording| {
            recording.process.on_cpu_ns ^= n[11];
            recording.process.run_queue_ns = n[5];
            let thread = &mut recording.threads[0];
            (thread.off_cpu_ns, thread.run_queue_ns) = (n[1], n[3]);
            thread.preempted_ns = (!n[0].is_multiple_of(3)).then_some(n[4]);
            thread.syscalls[0].blocked_ns = n[2];
            thread.samples.user = n[6] % 50;
            recording.run_queue_blame = vec![RunQueueBlame {
                wait_ns: n[10],
                ..RunQueueBlame::default()
            }];
        })
        .done()
}
