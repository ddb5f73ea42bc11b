use super::find;
use crate::arms;
use crate::thresholds::{TABLE, Thresholds};
use recording::Recording;
use recording::comparison::{Waste, WasteId};
use recording::runtime_stats::EventLoop;
use recording::testing::{Build, MAIN};
use recording::vocabulary::{Per, Role};

/// A server that receives, works and sends once for each of 100 tokens, and what is planted beside.
fn waste_of(plant: impl FnOnce(Build) -> Build) -> Vec<Waste> {
    waste_in("server", plant)
}

/// Returns the waste of an arm whose name decides its runtime.
fn waste_in(arm: &str, plant: impl FnOnce(Build) -> Build) -> Vec<Waste> {
    let recordings = recordings(arm, plant);
    let mut comparison = crate::compare(&recordings);
    comparison.arms.remove(0).waste
}

fn recordings(arm: &str, plant: impl FnOnce(Build) -> Build) -> [(String, Recording); 1] {
    let healthy = Build::arm(arm).load(100, 10).thread(1, MAIN, |thread| {
        let thread = thread.user(1_000_000, 100);
        thread
            .call("read", 100, 100_000)
            .call("write", 100, 200_000)
    });
    let healthy = healthy.with(|recording| recording.sockets.send_calls = 100);
    [("r".to_string(), plant(healthy).done())]
}

fn only(plant: impl FnOnce(Build) -> Build) -> Waste {
    single(waste_of(plant))
}

fn single(mut found: Vec<Waste>) -> Waste {
    let ids: Vec<WasteId> = found.iter().map(|waste| waste.id).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    found.remove(0)
}

#[test]
fn finds_nothing_in_a_server_that_wastes_nothing() {
    assert_eq!(waste_of(|build| build), []);
}

#[test]
fn counts_reads_that_return_eagain_at_the_mean_cost_of_a_read() {
    let found = only(|build| build.call("read", 100, 100_000).fails("read", 100));
    assert_eq!(found.id, WasteId::EagainReads);
    assert_eq!((found.count_per_unit, found.cost_per_unit), (1.0, 1_000.0));
    assert!(
        found.text.starts_with("1 reads return EAGAIN"),
        "{}",
        found.text
    );
    assert!(!found.evidence.is_empty() && !found.advice.is_empty());
}

#[test]
fn counts_polls_that_return_no_event() {
    let found = only(|build| {
        let build = build.call("epoll_wait", 400, 400_000);
        build.with(|recording| {
            let empty_polls = 300;
            let threads = &mut recording.threads;
            threads[0].event_loop = Some(EventLoop {
                empty_polls,
                ..EventLoop::default()
            });
        })
    });
    assert_eq!((found.id, found.count_per_unit), (WasteId::EmptyPolls, 3.0));
    assert_eq!(found.cost_per_unit, 3_000.0);
}

#[test]
fn counts_clock_reads_that_enter_the_kernel() {
    let found = only(|build| build.call("clock_gettime", 1_000, 100_000));
    assert_eq!(
        (found.id, found.count_per_unit),
        (WasteId::ClockSyscalls, 10.0)
    );
}

#[test]
fn counts_sysmon_as_timer_wakeups() {
    let found = single(waste_in("go", |build| {
        build.thread(2, Role::GoSysmon, |thread| {
            thread.user(100_000, 0).call("nanosleep", 100, 100_000)
        })
    }));
    assert_eq!(
        (found.id, found.cost_per_unit),
        (WasteId::TimerWakeups, 2_000.0)
    );
}

#[test]
fn counts_upstream_connections_only_where_they_are_not_kept() {
    let connect = |connections| {
        move |build: Build| {
            let build = build.call("connect", connections, 100_000);
            build.with(move |recording| recording.sockets.connected = connections)
        }
    };
    assert_eq!(only(connect(10)).id, WasteId::UpstreamConnections);
    assert_eq!(waste_of(connect(1)), []);
}

#[test]
fn separates_gc_threads_from_other_handoffs() {
    let futex = |name: &'static str| {
        single(waste_in("bun", |build| {
            let build = build.thread(2, Role::Pool, |thread| thread.call("futex", 100, 100_000));
            build.with(|recording| recording.threads[1].name = name.into())
        }))
    };
    assert_eq!(futex("HeapHelper").id, WasteId::GcSync);
    let handoff = futex("Bun Pool 0");
    assert_eq!(
        (handoff.id, handoff.count_per_unit),
        (WasteId::ThreadHandoffs, 1.0)
    );
}

#[test]
fn counts_sends_beyond_one_a_token() {
    let found = only(|build| {
        let build = build.call("write", 300, 600_000);
        build.with(|recording| recording.sockets.send_calls = 400)
    });
    assert_eq!(
        (found.id, found.count_per_unit),
        (WasteId::SmallWrites, 3.0)
    );
}

#[test]
fn counts_page_faults_only_beside_calls_that_return_memory() {
    let faults = |recording: &mut Recording| recording.faults.minor = 200;
    let grows = waste_of(|build| {
        let build = build.thread(2, MAIN, |thread| thread.fault(100_000, 200));
        build.with(faults)
    });
    assert_eq!(grows, []);
    let cycles = only(|build| {
        let build = build.thread(2, MAIN, |thread| {
            thread.fault(100_000, 200).call("madvise", 50, 100_000)
        });
        build.with(faults)
    });
    assert_eq!(
        (cycles.id, cycles.count_per_unit),
        (WasteId::FaultCycles, 2.0)
    );
    assert_eq!(cycles.cost_per_unit, 2_000.0);
}

#[test]
fn lists_the_same_waste_at_half_and_twice_each_threshold() {
    let plants: [fn(Build) -> Build; 5] = [
        |build| build,
        |build| build.call("read", 100, 100_000).fails("read", 100),
        |build| build.call("clock_gettime", 1_000, 100_000),
        |build| {
            let build = build.call("connect", 10, 100_000);
            build.with(|recording| recording.sockets.connected = 10)
        },
        |build| {
            let build = build.thread(2, MAIN, |thread| {
                thread.fault(100_000, 200).call("madvise", 50, 100_000)
            });
            build.with(|recording| recording.faults.minor = 200)
        },
    ];
    for plant in plants {
        let recordings = recordings("server", plant);
        let comparison = crate::testing::compare(&recordings);
        let all = arms::group(&recordings);
        let ids = |limits: &Thresholds| {
            let found = find(&comparison.arms[0], &all[0], Per::Token, limits);
            found.iter().map(|waste| waste.id).collect::<Vec<_>>()
        };
        let expected = ids(&Thresholds::default());
        for entry in &TABLE {
            for factor in [0.5, 2.0] {
                let found = ids(&Thresholds::with(entry, factor));
                assert_eq!(found, expected, "{:?} × {factor}", entry.limit);
            }
        }
    }
}
