use super::*;
use recording::testing::{Build, ThreadBuild};

fn named(name: &str, with: impl FnOnce(ThreadBuild) -> ThreadBuild) -> Thread {
    let build = Build::arm("x").thread(7, Role::Unassigned, |thread| with(thread.named(name)));
    let recording = build.done();
    recording.threads.into_iter().next().expect("one thread")
}

fn role(runtime: Runtime, name: &str) -> Role {
    role_of(runtime, &named(name, |thread| thread), false)
}

#[test]
fn recognises_sysmon_by_its_sleep() {
    let sysmon = named("server", |thread| {
        thread.call("nanosleep", 300, 9).call("futex", 20, 9)
    });
    let worker = named("server", |thread| {
        thread.call("nanosleep", 3, 9).call("futex", 20, 9)
    });
    let idle = named("server", |thread| thread);
    let role = |thread, is_main| role_of(Runtime::Go, thread, is_main);
    assert_eq!(role(&sysmon, false), Role::GoSysmon);
    assert_eq!(role(&worker, false), Role::GoScheduler);
    assert_eq!(role(&idle, true), Role::GoScheduler);
}

#[test]
fn recognises_threads_of_bun_by_name() {
    let main = named("bun", |thread| thread);
    assert_eq!(role_of(Runtime::Bun, &main, true), Role::MainLoop);
    for (name, expected) in [
        ("HTTP Client", Role::HttpClient),
        ("HeapHelper", Role::JscHeapHelper),
        ("JITWorker", Role::JscJit),
        ("mi-scavenger", Role::AllocatorScavenger),
        ("Bun Pool 1", Role::Pool),
        ("bun", Role::Pool),
    ] {
        assert_eq!(role(Runtime::Bun, name), expected, "{name}");
    }
    let scavenger = named("bun", |thread| {
        thread.call("madvise", 900, 9).call("futex", 100, 9)
    });
    let found = role_of(Runtime::Bun, &scavenger, false);
    assert_eq!(found, Role::AllocatorScavenger);
}

#[test]
fn recognises_threads_of_node_by_name_or_behaviour() {
    let node = |call: &str| {
        let thread = named("node", |thread| thread.call(call, 5, 1));
        role_of(Runtime::Node, &thread, false)
    };
    assert_eq!(role(Runtime::Node, "libuv-worker"), Role::LibuvPool);
    assert_eq!(node("epoll_wait"), Role::SecondaryLoop);
    assert_eq!(node("pread64"), Role::LibuvPool);
    assert_eq!(node("futex"), Role::V8Worker);
}

#[test]
fn gives_a_pool_of_an_unknown_program_one_role() {
    let worker = Role::Named("worker".into());
    assert_eq!(role(Runtime::Unknown, "worker-12"), worker);
    assert_eq!(role(Runtime::Unknown, "42"), Role::Unnamed);
}

#[test]
fn recognises_threads_of_other_runtimes_by_name() {
    for (runtime, name, expected) in [
        (Runtime::Rust, "tokio-runtime-w", Role::TokioWorker),
        (Runtime::Deno, "tokio-rt-worker", Role::TokioWorker),
        (Runtime::Deno, "V8 DefaultWorke", Role::V8Worker),
        (Runtime::Deno, "signal", Role::Named("signal".into())),
        (Runtime::Python, "asyncio_3", Role::ExecutorThread),
        (Runtime::Unknown, "GC Thread#3", Role::Gc),
        (Runtime::Java, "GC Thread#3", Role::Gc),
        (Runtime::Java, "G1 Main Marker", Role::Gc),
        (Runtime::Java, "C2 CompilerThre", Role::Jit),
        (Runtime::Java, "C2 Comp..hread0", Role::Jit),
        (Runtime::Java, "VM Thread", Role::VmThread),
        (Runtime::Java, "VM Periodic Tas", Role::VmThread),
        (
            Runtime::Java,
            "http-nio-8080-e",
            Role::Named("http-nio-8080-e".into()),
        ),
        (Runtime::Dotnet, ".NET Server GC", Role::Gc),
        (Runtime::Dotnet, ".NET Tiered Com", Role::Jit),
        (Runtime::Dotnet, ".NET TP Worker", Role::Pool),
        (Runtime::Beam, "erts_sched_1", Role::BeamScheduler),
        (Runtime::Beam, "12_scheduler", Role::BeamScheduler),
        (Runtime::Beam, "erts_dirty_cpu_", Role::BeamDirtyScheduler),
        (Runtime::Beam, "1_dirty_io_sche", Role::BeamDirtyScheduler),
        (Runtime::Beam, "erts_aux_1", Role::VmThread),
        (Runtime::Ruby, "ruby-timer-thr", Role::VmThread),
        (Runtime::Php, "worker-3", Role::Named("worker".into())),
    ] {
        assert_eq!(role(runtime, name), expected, "{name}");
    }
    let main = named("python", |thread| thread);
    assert_eq!(role_of(Runtime::Python, &main, true), Role::MainLoop);
    assert_eq!(role_of(Runtime::Deno, &main, true), Role::MainLoop);
}

#[test]
fn takes_a_main_thread_that_waits_for_events_as_a_loop() {
    let waits = named("server", |thread| thread.call("epoll_wait", 90, 1));
    let rests = named("server", |thread| {
        thread.call("epoll_wait", 90, 1).call("futex", 40, 1)
    });
    for runtime in [Runtime::Rust, Runtime::Cpp, Runtime::Unknown] {
        let found = role_of(runtime, &waits, true);
        assert!(found.is_event_loop(), "{runtime}");
        let idle = named("server", |thread| thread);
        assert_eq!(role_of(runtime, &idle, true), Role::MainThread);
    }
    assert_eq!(role_of(Runtime::Cpp, &rests, true), Role::AsioThread);
    let server = Role::Named("server".into());
    assert_eq!(role_of(Runtime::Cpp, &waits, false), server);
    assert!(!Role::AsioThread.is_event_loop());
}

#[test]
fn cleans_hostile_names() {
    let red = Role::Named("[31mred".into());
    assert_eq!(role(Runtime::Unknown, "\u{1b}[31mred\n\u{202e}"), red);
    let long = role(Runtime::Unknown, &"x".repeat(5000));
    assert_eq!(long.label().len(), 15);
}

#[test]
fn assigns_the_main_role_in_all_processes() {
    let build = Build::arm("bun")
        .thread(1, "bun", |thread| thread)
        .thread(2, "bun", |thread| thread)
        .thread(3, "HTTP Client", |thread| thread)
        .with(|recording| recording.target.other_pids = vec![2]);
    let mut recording = build.done();
    assign_roles(&mut recording);
    let roles: Vec<_> = recording
        .threads
        .iter()
        .map(|thread| thread.role.clone())
        .collect();
    assert_eq!(roles, [Role::MainLoop, Role::MainLoop, Role::HttpClient]);
}

#[test]
fn takes_the_vm_thread_as_collector_where_no_other_collects() {
    let build = Build::arm("java")
        .thread(1, "java", |thread| thread)
        .thread(2, "VM Thread", |thread| thread)
        .thread(5, "VM Thread", |thread| thread)
        .thread(6, "GC Thread#0", |thread| thread)
        .with(|recording| {
            recording.target.runtime = Runtime::Java;
            for (thread, pid) in recording.threads.iter_mut().zip([1, 1, 4, 4]) {
                thread.pid = pid;
            }
        });
    let mut recording = build.done();
    assign_roles(&mut recording);
    let role = |index: usize| recording.threads[index].role.clone();
    assert_eq!((role(1), role(2)), (Role::Gc, Role::VmThread));
    assert_eq!(role(3), Role::Gc);
}
