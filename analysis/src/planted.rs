//! Planted faults, each with the cause that explains it, and a proof that no threshold decides by
//! its last digit.

use crate::causes::testing::{DOSE, is_cause, recordings};
use crate::thresholds::{TABLE, Thresholds};
use crate::{arms, findings};
use recording::process::{RunQueueBlame, Samples};
use recording::runtime_stats::EventLoop;
use recording::testing::{Build, MAIN, ThreadBuild};
use recording::vocabulary::{RegionClass, Role};

type Plant = fn(Build) -> Build;

const MS: u64 = 1_000_000;

/// Faults and the first cause that findings give for each. Doses lie well inside of the thresholds.
const PLANTED: [(&str, Plant); 24] = [
    ("garbage-collection", |build| {
        build.thread(9, Role::JscHeapHelper, |thread| thread.user(DOSE, 50))
    }),
    ("jit-compilation", |build| {
        build.thread(9, Role::JscJit, |thread| thread.user(DOSE, 50))
    }),
    ("go-sysmon", |build| {
        build.thread(9, Role::GoSysmon, |thread| {
            thread
                .call("nanosleep", 1_000, DOSE / 2)
                .user(DOSE / 2, 1_000)
        })
    }),
    ("timer-wakeups", |build| {
        build.thread(9, "ticker", |thread| {
            thread
                .call("clock_nanosleep", 1_000, DOSE / 2)
                .user(DOSE / 2, 1_000)
        })
    }),
    ("clock-calls", |build| {
        build.call("clock_gettime", 5_000, DOSE)
    }),
    ("connection-churn", |build| {
        let build = build.call("connect", 1_000, DOSE);
        build.with(|recording| recording.sockets.connected = 1_000)
    }),
    ("eagain-reads", |build| {
        build.call("read", 5_000, DOSE).fails("read", 4_900)
    }),
    ("small-writes", |build| {
        build.call("write", 3_000, DOSE).with(|recording| {
            recording.sockets.send_calls = 4_000;
        })
    }),
    ("allocation-churn", |build| {
        build.thread(9, MAIN, |thread| {
            thread.fault(DOSE / 2, 4_000).call("madvise", 100, DOSE / 2)
        })
    }),
    ("thread-handoff", |build| build.call("futex", 5_000, DOSE)),
    ("thread-handoff", |build| {
        build.thread(9, "helper", |thread| {
            thread.call("futex", 5_000, DOSE).user(DOSE / 4, 2_500)
        })
    }),
    ("preemption", |build| {
        build.thread(9, "worker", |thread| thread.ctx_switch(DOSE, 20_000))
    }),
    ("file-access", |build| build.call("fsync", 5_000, DOSE)),
    ("empty-polls", |build| {
        build.call("epoll_pwait2", 9_000, DOSE).with(|recording| {
            let thread = recording.threads.last_mut().expect("just added");
            thread.event_loop = Some(EventLoop {
                empty_polls: 8_500,
                ..EventLoop::default()
            });
        })
    }),
    ("higher-unit-cost", |build| {
        let more = |more: ThreadBuild| {
            more.call("read", 0, MS)
                .call("write", 0, 9 * MS / 2)
                .user(5 * MS, 0)
        };
        build.thread(1, MAIN, more)
    }),
    ("event-loop", |build| build.call("epoll_ctl", 5_000, DOSE)),
    ("socket-io", |build| build.call("sendto", 0, DOSE)),
    ("user-code", |build| {
        build
            .thread(9, MAIN, |thread| thread.user(DOSE, 0))
            .with(|recording| {
                recording.threads[0].samples = Samples::default();
            })
    }),
    ("other-syscalls", |build| build.call("getpid", 5_000, DOSE)),
    ("retained-heap", |build| {
        build.region(RegionClass::RuntimeHeap, 50 << 20)
    }),
    ("slow-forwarding", |build| {
        build.relays("recv_to_send", 2_000_000)
    }),
    ("lock-contention", |build| {
        build.thread(9, MAIN, |thread| {
            thread.call("futex", 100, 0).blocked("futex", DOSE)
        })
    }),
    ("loop-blocking", |build| {
        build.thread(9, MAIN, |thread| {
            thread.call("fdatasync", 100, 0).blocked("fdatasync", DOSE)
        })
    }),
    ("noisy-neighbour", |build| {
        build.with(|recording| {
            recording.threads[0].run_queue_ns += DOSE;
            recording.run_queue_blame = vec![RunQueueBlame {
                pid: 7,
                name: "rustc".into(),
                count: 1,
                wait_ns: DOSE,
                ..RunQueueBlame::default()
            }];
        })
    }),
];

#[test]
fn finds_planted_faults_whatever_the_last_digit_of_a_threshold() {
    for (expected, plant) in PLANTED {
        let recordings = recordings(plant);
        let comparison = crate::testing::compare(&recordings);
        let all = arms::group(&recordings);
        let arms = arms::compared(&all);
        let first = |limits: &Thresholds| {
            let found = findings::find(&comparison, &arms, limits).into_iter();
            let mut causes = found.filter(|found| is_cause(&found.id));
            causes.next().map(|found| found.id)
        };
        assert_eq!(first(&Thresholds::default()).as_deref(), Some(expected));
        for entry in &TABLE {
            for factor in [0.5, 2.0] {
                let found = first(&Thresholds::with(entry, factor));
                let limit = entry.limit;
                assert_eq!(found.as_deref(), Some(expected), "{limit:?} × {factor}");
            }
        }
    }
}
