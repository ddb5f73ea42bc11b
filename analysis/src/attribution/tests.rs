use super::*;
use crate::testing::any_recordings;
use proptest::prelude::*;
use recording::testing::{Build, MAIN};
use recording::vocabulary::{CodeCategory, RegionClass, Role};

fn booked(round: &Recording) -> Ledger {
    let mut ledger = Ledger::default();
    book("r", round, &mut ledger);
    ledger
}

fn code(role: &Role, category: CodeCategory) -> Key {
    Key::of_kind(Some(role), TermKind::Code(category))
}

fn call(role: &Role, name: &str) -> Key {
    let kind = TermKind::Syscall(SyscallClass::of(name));
    Key::new(Some(role), kind, name)
}

#[test]
fn books_by_role_kind_and_cause() {
    let pool = Role::Pool;
    let round = Build::arm("bun")
        .thread(1, MAIN, |thread| {
            thread.user(30, 3).fault(8, 2).call("sendto", 4, 20)
        })
        .thread(2, pool.clone(), |thread| thread.user(5, 1))
        .thread(3, pool.clone(), |thread| thread.user(6, 1))
        .done();
    let ledger = booked(&round);
    let per = |key: &Key| ledger.per(key, 1.0);
    assert_eq!(per(&call(&MAIN, "sendto")).value, 20.0);
    let faults = Key::of_kind(Some(&MAIN), TermKind::Fault);
    assert_eq!(per(&faults).count, 2.0);
    assert_eq!(per(&code(&pool, CodeCategory::Unnamed)).value, 11.0);
    assert_eq!(ledger.total(), round.process.on_cpu_ns);
}

#[test]
fn splits_user_code_by_the_samples_of_a_role() {
    let role = Role::GoScheduler;
    let round = Build::arm("go")
        .thread(1, role.clone(), |thread| thread.user(900, 4))
        .code("runtime.scanobject", 3)
        .code("main.main", 5)
        .thread(2, role.clone(), |thread| thread.user(100, 1))
        .with(|recording| {
            recording.threads[0].samples.user = 10;
            recording.threads[1].samples.user = 0;
            let mut gone = recording.code[0].clone();
            gone.thread = 99;
            recording.code.push(gone);
        })
        .done();
    let ledger = booked(&round);
    let row = |category| ledger.per(&code(&role, category), 1.0);
    let gc = row(CodeCategory::Gc);
    assert_eq!(gc.value, 300.0);
    assert_eq!(row(CodeCategory::Unnamed).value, 200.0);
    assert_eq!(row(CodeCategory::Application).count, 5.0);
    assert!(gc.sampling_error > Some(100.0));
    let cited: Vec<_> = ledger.evidence(&code(&role, CodeCategory::Gc)).collect();
    let cited: Vec<_> = cited.iter().map(|at| at.to_string()).collect();
    let expected = [
        "r#/threads/0/on_cpu_ns",
        "r#/threads/1/on_cpu_ns",
        "r#/code/0",
    ];
    assert_eq!(cited, expected);
}

#[test]
fn charges_wrappers_to_the_calls_of_their_role() {
    let (role, other) = (Role::GoScheduler, Role::Pool);
    let round = Build::arm("go")
        .thread(1, role.clone(), |thread| {
            let thread = thread.user(900, 4);
            thread.call("write", 20, 7).call("getppid", 10, 5)
        })
        .code("main.main", 6)
        .code("runtime.entersyscall", 2)
        .code("__libc_getppid", 1)
        .thread(2, other.clone(), |thread| thread.user(100, 1))
        .code("syscall.Syscall", 1)
        .with(|recording| {
            recording.threads[0].samples.user = 9;
            recording.threads[1].samples.user = 1;
        })
        .done();
    let ledger = booked(&round);
    let row = |key: &Key| ledger.per(key, 1.0);
    assert_eq!(row(&code(&role, CodeCategory::Application)).value, 600.0);
    let (write, getppid) = (row(&call(&role, "write")), row(&call(&role, "getppid")));
    assert_eq!((write.value, getppid.value), (207.0, 105.0));
    assert_eq!(row(&code(&role, CodeCategory::SyscallWrapper)).value, 0.0);
    let share = write.sampling_error.unwrap() / getppid.sampling_error.unwrap();
    assert!((share - 2.0).abs() < 1e-9, "{share}");
    // Threads without a call that returned keep the time as user code.
    assert_eq!(
        row(&code(&other, CodeCategory::SyscallWrapper)).value,
        100.0
    );
}

#[test]
fn decides_by_the_role_where_there_are_no_samples() {
    let round = Build::arm("bun")
        .thread(1, Role::JscJit, |thread| thread.user(7, 1))
        .thread(2, Role::Pool, |thread| thread.user(5, 1))
        .with(|recording| {
            let threads = recording.threads.iter_mut();
            threads.for_each(|thread| thread.samples.user = 0);
        })
        .done();
    let ledger = booked(&round);
    let row = |key: &Key| ledger.per(key, 1.0).value;
    assert_eq!(row(&code(&Role::JscJit, CodeCategory::Jit)), 7.0);
    assert_eq!(row(&code(&Role::Pool, CodeCategory::Unnamed)), 5.0);
}

#[test]
fn keeps_time_of_unfinished_calls_as_a_row() {
    let build = Build::arm("x").thread(1, MAIN, |thread| thread.user(50, 1).call("read", 1, 30));
    let round = build.with(|recording| recording.threads[0].syscall_ns = 35);
    let ledger = booked(&round.done());
    let kind = TermKind::Syscall(SyscallClass::Other);
    let key = Key::new(Some(&MAIN), kind, UNFINISHED);
    assert_eq!(ledger.per(&key, 1.0).value, 5.0);
}

proptest! {
    /// The rows of any recording are the on-CPU time of its threads, to the nanosecond.
    #[test]
    fn adds_up_to_on_cpu_time(
        recordings in any_recordings(),
        entry_exit_ns in 0.0f64..5_000.0,
        steal in 0u64..1 << 46,
        contradiction in 0u64..1 << 46,
    ) {
        for (_, mut round) in recordings {
            round.observer.syscall_entry_exit_ns = entry_exit_ns;
            if let Some(thread) = round.threads.first_mut() {
                thread.steal_ns = steal;
                thread.syscall_ns ^= contradiction;
            }
            let on_cpu: u64 = round.threads.iter().map(|thread| thread.on_cpu_ns).sum();
            prop_assert_eq!(booked(&round).total(), on_cpu);
        }
    }
}

/// The facts of the worked example in `docs/ledger.md`.
fn example() -> Recording {
    let build = Build::arm("bun").thread(1, MAIN, |thread| {
        let thread = thread.call("sendto", 100, 300_000);
        let thread = thread.call("epoll_wait", 50, 100_000);
        thread.with(|thread| {
            thread.on_cpu_ns += 600_000;
            (thread.samples.user, thread.samples.fault_irq) = (540, 50);
            thread.samples.ctx_switch = 10;
            thread.faults = 20;
        })
    });
    let build = build.code("compiled", 324).code("", 162).code("__send", 54);
    let build = build.with(|recording| {
        recording.observer.syscall_entry_exit_ns = 200.0;
        recording.code[0].class = RegionClass::JitCode;
    });
    build.done()
}

#[test]
fn computes_the_example_of_the_documentation() {
    let ledger = booked(&example());
    let mut rows: Vec<_> = ledger.0.iter().collect();
    rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.value));
    let mut table = String::from("| kind | cause | ns |\n|---|---|---|\n");
    for (key, row) in rows {
        let kind = kinds::across_arms(key.role.as_ref(), key.kind);
        let ns = recording::format::count(row.value);
        table += &format!("| {kind} | {} | {ns} |\n", key.cause);
    }
    let documented = include_str!("../../../docs/ledger.md");
    assert!(
        documented.contains(&table),
        "docs/ledger.md needs:\n{table}"
    );
}
