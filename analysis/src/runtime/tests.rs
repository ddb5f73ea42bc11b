use super::*;
use crate::testing::{Build, OneThread};
use recording::Recording;

fn named(name: &str, with: impl FnOnce(OneThread) -> OneThread) -> Thread {
    let recording = Build::arm("x").thread(7, name, with).done();
    recording.threads.into_iter().next().expect("one thread")
}

fn role(runtime: &str, name: &str) -> String {
    role_of(runtime, &named(name, |thread| thread), false)
}

#[test]
fn go_tells_sysmon_by_its_sleep() {
    let sysmon = named("server", |thread| {
        thread.call("nanosleep", 300, 9).call("futex", 20, 9)
    });
    let worker = named("server", |thread| {
        thread.call("nanosleep", 3, 9).call("futex", 20, 9)
    });
    let idle = named("server", |thread| thread);
    assert_eq!(role_of("go", &sysmon, false), "sysmon");
    assert_eq!(role_of("go", &worker, false), "M (scheduler thread)");
    assert_eq!(role_of("go", &idle, true), "M (scheduler thread)");
}

#[test]
fn bun_threads_are_told_by_name() {
    assert_eq!(
        role_of("bun", &named("bun", |thread| thread), true),
        "main loop"
    );
    assert_eq!(role("bun", "HTTP Client"), "HTTP Client");
    assert_eq!(
        role("bun", "HeapHelper"),
        "JSC heap helper (garbage collection)"
    );
    assert_eq!(role("bun", "JITWorker"), "JSC JIT compiler");
    assert_eq!(role("bun", "mi-scavenger"), "allocator scavenger");
    assert_eq!(role("bun", "Bun Pool 1"), "pool");
    assert_eq!(role("bun", "bun"), "pool");
    let scavenger = named("bun", |thread| {
        thread.call("madvise", 900, 9).call("futex", 100, 9)
    });
    assert_eq!(role_of("bun", &scavenger, false), "allocator scavenger");
}

#[test]
fn node_threads_are_told_by_name_or_behaviour() {
    let node = |call: &str| {
        role_of(
            "node",
            &named("node", |thread| thread.call(call, 5, 1)),
            false,
        )
    };
    assert_eq!(role("node", "libuv-worker"), "libuv pool");
    assert_eq!(node("epoll_wait"), "secondary loop");
    assert_eq!(node("pread64"), "libuv pool");
    assert_eq!(node("futex"), "V8 worker (garbage collection, JIT)");
}

#[test]
fn pools_of_unknown_programs_are_one_role() {
    assert_eq!(role("unknown", "worker-12"), "worker");
    assert_eq!(role("unknown", "42"), "unnamed");
}

#[test]
fn threads_of_other_runtimes_are_told_by_name() {
    assert_eq!(role("rust", "tokio-runtime-w"), "tokio worker");
    assert_eq!(role("deno", "tokio-rt-worker"), "tokio worker");
    assert_eq!(role("deno", "V8 DefaultWorke"), V8_WORKER);
    assert_eq!(role("deno", "signal"), "signal");
    assert_eq!(role("python", "asyncio_3"), "executor thread");
    assert_eq!(role("java", "GC Thread#3"), COLLECTOR);
    let main = named("python", |thread| thread);
    assert_eq!(role_of("python", &main, true), MAIN_LOOP);
    assert_eq!(role_of("deno", &main, true), MAIN_LOOP);
}

#[test]
fn a_main_thread_is_a_loop_if_it_waits_for_events() {
    let waits = named("server", |thread| thread.call("epoll_wait", 90, 1));
    let rests = named("server", |thread| {
        thread.call("epoll_wait", 90, 1).call("futex", 40, 1)
    });
    for runtime in ["rust", "cpp", "unknown"] {
        assert!(is_event_loop(&role_of(runtime, &waits, true)), "{runtime}");
        let idle = named("server", |thread| thread);
        assert_eq!(role_of(runtime, &idle, true), "main thread");
    }
    assert_eq!(role_of("cpp", &rests, true), "asio thread");
    assert_eq!(role_of("cpp", &waits, false), "server");
    assert!(!is_event_loop("asio thread"));
}

#[test]
fn hostile_names_lose_their_teeth() {
    assert_eq!(role("unknown", "\u{1b}[31mred\n\u{202e}"), "[31mred");
    assert_eq!(role("unknown", &"x".repeat(5000)).len(), 15);
}

#[test]
fn main_threads_of_all_processes_are_main() {
    let mut recording: Recording = Build::arm("bun")
        .thread(1, "bun", |thread| thread)
        .thread(2, "bun", |thread| thread)
        .thread(3, "HTTP Client", |thread| thread)
        .with(|recording| recording.target.other_pids = vec![2])
        .done();
    assign_roles(&mut recording);
    let roles: Vec<_> = recording
        .threads
        .iter()
        .map(|thread| &thread.role)
        .collect();
    assert_eq!(roles, ["main loop", "main loop", "HTTP Client"]);
}
