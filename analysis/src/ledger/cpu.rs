//! CPU time: user code, each system call, faults and interrupts, per thread role.
//!
//! What is not booked, and so comes out as unexplained: on-CPU time of a thread outside both (calls cut by the
//! window's edges), and the process's on-CPU time less its threads'.

use super::Ledger;
use crate::work::{self, FAULTS_AND_INTERRUPTS, USER_CODE};
use recording::{Recording, process::Thread};

/// Books one round.
pub fn book(path: &str, recording: &Recording, ledger: &mut Ledger) {
    for (index, thread) in recording.threads.iter().enumerate() {
        book_thread(&format!("{path}#/threads/{index}"), thread, ledger);
    }
}

fn book_thread(at: &str, thread: &Thread, ledger: &mut Ledger) {
    let role = Some(thread.role.as_str());
    // User code runs because a thread was woken: its count is the wake-ups, its unit cost the work of one.
    ledger.add(
        role,
        USER_CODE,
        thread.user_ns,
        thread.wakeups,
        format!("{at}/user_ns"),
    );
    ledger.add(
        role,
        FAULTS_AND_INTERRUPTS,
        thread.fault_irq_ns,
        thread.faults,
        format!("{at}/fault_irq_ns"),
    );
    for (index, call) in thread.syscalls.iter().enumerate() {
        let evidence = format!("{at}/syscalls/{index}");
        ledger.add(
            role,
            work::cause(call),
            call.on_cpu_ns,
            call.count,
            evidence,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Build;

    #[test]
    fn a_round_is_booked_by_role_and_cause() {
        let round = Build::arm("bun")
            .thread(1, "main loop", |thread| {
                thread.user(30, 3).fault(8, 2).call("sendto", 4, 20)
            })
            .thread(2, "pool", |thread| thread.user(5, 1))
            .thread(3, "pool", |thread| thread.user(6, 1))
            .done();
        let mut ledger = Ledger::default();
        book("r", &round, &mut ledger);
        let per = |role: &str, cause: &str| ledger.per(&(Some(role.into()), cause.into()), 1.0);
        assert_eq!(per("main loop", "sendto").value, 20.0);
        assert_eq!(per("main loop", FAULTS_AND_INTERRUPTS).count, 2.0);
        assert_eq!(per("pool", USER_CODE).value, 11.0);
        let booked: f64 = ledger.0.values().map(|row| row.amount.value).sum();
        assert_eq!(booked, round.process.on_cpu_ns as f64);
    }
}
