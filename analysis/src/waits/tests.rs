mod off_cpu_flame;
mod turns;

use super::*;
use recording::stacks::{StackFrame, StacksBuilder};
use recording::testing::Build;
use recording::vocabulary::{CodePlace, RegionClass};
use recording::waits::Wait;

fn frame(function: &str) -> StackFrame {
    let (function, place) = match function.strip_prefix("kernel:") {
        Some(function) => (function, CodePlace::Kernel),
        None => (function, CodePlace::Region(RegionClass::BinaryText)),
    };
    StackFrame {
        function: function.into(),
        place,
        ..StackFrame::default()
    }
}

/// Returns a tree with the stacks of sleeper and waker, given from the outermost frame inward.
fn wait(syscall: &str, sleeper: &[&str], waker: &[&str]) -> (Stacks, Wait) {
    let mut builder = StacksBuilder::default();
    let mut node = |names: &[&str]| builder.node(names.iter().map(|name| frame(name)));
    let wait = Wait {
        syscall: syscall.into(),
        node: node(sleeper),
        waker_node: node(waker),
        waker: WakeSource::Thread(1),
        off_cpu_ns: 5,
        count: 2,
        kept: 1,
        ..Wait::default()
    };
    (builder.done(), wait)
}

fn kind(syscall: &str, sleeper: &[&str], waker: &[&str]) -> WaitKind {
    let (stacks, wait) = wait(syscall, sleeper, waker);
    kind_of(&stacks, &wait, &Role::Named("a".into()))
}

#[test]
fn distinguishes_locks_from_hand_offs_by_functions() {
    let locked = ["main", "___pthread_mutex_lock", "__lll_lock_wait"];
    assert_eq!(kind("futex", &locked, &[]), WaitKind::Lock);
    let condition = [
        "main",
        "___pthread_cond_wait",
        "__futex_abstimed_wait_common",
    ];
    let signal = ["main", "___pthread_cond_signal"];
    assert_eq!(kind("futex", &condition, &signal), WaitKind::HandOff);
    // The lock that a condition variable takes again.
    let again = ["main", "___pthread_cond_wait", "__lll_lock_wait"];
    assert_eq!(kind("futex", &again, &signal), WaitKind::Lock);
    let python = [
        "_PyEval_EvalFrameDefault",
        "take_gil",
        "___pthread_cond_timedwait",
        "__futex_abstimed_wait_common",
    ];
    assert_eq!(kind("futex", &python, &signal), WaitKind::Lock);
}

#[test]
fn decides_by_the_waker_where_the_sleeper_has_no_name() {
    assert_eq!(
        kind("futex", &[""], &["___pthread_mutex_unlock"]),
        WaitKind::Lock
    );
    assert_eq!(kind("futex", &[""], &["work"]), WaitKind::HandOff);
}

#[test]
fn distinguishes_locks_of_python_from_conditions() {
    let taking = |function: &str| {
        kind(
            "futex",
            &[
                function,
                "PyThread_acquire_lock_timed",
                "__new_sem_wait_slow64",
            ],
            &["py::hold:a.py", "PyThread_release_lock", "__new_sem_post"],
        )
    };
    assert_eq!(taking("py::take:a.py"), WaitKind::Lock);
    assert_eq!(taking("py::Condition.wait:threading.py"), WaitKind::HandOff);
    assert_eq!(taking("_queue_SimpleQueue_get_impl"), WaitKind::HandOff);
    let end = taking("py::Thread._wait_for_tstate_lock:threading.py");
    assert_eq!(end, WaitKind::Join);
}

#[test]
fn calls_workers_and_polls_idle() {
    let (stacks, wait) = wait("futex", &["runtime.mcall", "runtime.stopm"], &[]);
    assert_eq!(kind_of(&stacks, &wait, &Role::GoScheduler), WaitKind::Idle);
    assert_eq!(kind("epoll_wait", &[], &[]), WaitKind::Idle);
    assert_eq!(kind("clock_nanosleep", &[], &[]), WaitKind::Timer);
}

#[test]
fn reads_the_kernels_stack_of_data_calls() {
    assert_eq!(
        kind("read", &["main", "kernel:pipe_read"], &[]),
        WaitKind::HandOff
    );
    assert_eq!(
        kind("read", &["main", "kernel:io_schedule"], &[]),
        WaitKind::File
    );
    assert_eq!(
        kind("", &["main", "kernel:do_user_addr_fault"], &[]),
        WaitKind::Memory
    );
}

#[test]
fn adds_edges_up_by_role_and_kind() {
    let build = Build::arm("x")
        .thread(1, "front", |thread| thread)
        .thread(2, "back", |thread| thread);
    let (stacks, one) = wait("futex", &["main", "___pthread_mutex_lock"], &[]);
    let mut recording = build
        .with(|recording| {
            recording.waits.stacks = stacks.clone();
            recording.waits.rows = vec![one.clone(), one.clone()];
        })
        .done();
    annotate(&mut recording);
    let expected = WaitEdge {
        sleeper: recording.threads[0].role.clone(),
        waker: recording.threads[1].role.clone(),
        kind: WaitKind::Lock,
        off_cpu_ns: 10,
        count: 4,
    };
    assert_eq!(recording.waits.edges, [expected]);
    let at = place(&stacks, one.node);
    assert_eq!(at.as_deref(), Some("main"));
}

/// Returns two rounds of one arm, of two seconds each, with the same wait.
fn rounds() -> Vec<(String, Recording)> {
    let (stacks, wait) = wait(
        "futex",
        &["main", "work", "___pthread_mutex_lock", "kernel:futex_wait"],
        &["main", "release", "___pthread_mutex_unlock"],
    );
    let round = |path: &str| {
        let build =
            Build::arm("x")
                .thread(1, "front", |thread| thread)
                .thread(2, "back", |thread| thread);
        let build = build.with(|recording| {
            recording.window.duration_ns = 2_000_000_000;
            recording.waits.count = 7;
            recording.waits.stacks = stacks.clone();
            recording.waits.rows = vec![Wait {
                off_cpu_ns: 600,
                ..wait.clone()
            }];
        });
        let mut recording = build.done();
        annotate(&mut recording);
        (path.to_owned(), recording)
    };
    vec![round("x/1"), round("x/2")]
}

#[test]
fn adds_up_the_waits_of_all_rounds_by_place() {
    let recordings = rounds();
    let waits = of_arm(&crate::arms::group(&recordings)[0]).expect("recorded");
    let [row] = &waits.rows[..] else {
        panic!("one place: {waits:?}")
    };
    assert_eq!(
        (waits.off_cpu_ns, row.off_cpu_ns, row.count),
        (300.0, 300.0, 1.0)
    );
    assert_eq!(
        (row.kind, row.place.as_str(), row.waker_place.as_str()),
        (WaitKind::Lock, "work", "release")
    );
    assert_eq!(row.evidence.len(), 2);
}

#[test]
fn names_the_files_with_the_longest_waits_of_a_place() {
    let mut recordings = rounds();
    let waits = &mut recordings[0].1.waits.rows;
    let names = ["a", "b", "c", "d"].into_iter().zip([10, 30, 20, 40]);
    *waits = names
        .map(|(name, off_cpu_ns)| Wait {
            file: Some(name.into()),
            off_cpu_ns,
            ..waits[0].clone()
        })
        .collect();
    let waits = of_arm(&crate::arms::group(&recordings)[0]).expect("recorded");
    let objects = waits.rows[0].objects.iter();
    let objects: Vec<(&str, f64)> = objects
        .map(|object| (object.name.as_str(), object.off_cpu_ns))
        .collect();
    assert_eq!(objects, [("d", 10.0), ("b", 7.5), ("c", 5.0)]);
}

#[test]
fn calls_a_call_on_a_file_a_wait_for_it() {
    let (stacks, one) = wait("read", &["main"], &[]);
    let of_file = Wait {
        file: Some("/var/lib/data".into()),
        ..one
    };
    let role = Role::Named("a".into());
    assert_eq!(kind_of(&stacks, &of_file, &role), WaitKind::File);
}
