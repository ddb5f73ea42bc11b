//! The kinds of waste, each with how it is counted and priced.

use super::{Found, View, cited, sum};
use crate::thresholds::Limit;
use recording::comparison::{LedgerRow, WasteId};
use recording::evidence::{Field, Part};
use recording::vocabulary::{Per, Role, SyscallClass, TermKind, is_event_wait};
use recording::{Evidence, Recording};

/// Sends per token that a relay needs: the token itself.
const SENDS_NEEDED: f64 = 1.0;

/// One kind of waste.
pub struct Rule {
    /// Kind.
    pub id: WasteId,
    /// One sentence of advice.
    pub advice: &'static str,
    /// Counts and prices it; nothing where the arm does not do it.
    pub(super) find: fn(&View<'_>) -> Option<Found>,
}

/// Every kind.
pub const RULES: &[Rule] = &[
    Rule {
        id: WasteId::EagainReads,
        advice: "Read only after the event loop reports data, and stop after a short read.",
        find: eagain_reads,
    },
    Rule {
        id: WasteId::EmptyPolls,
        advice: "Let the loop block until there is an event: no zero timeout and no spinning before it sleeps.",
        find: empty_polls,
    },
    Rule {
        id: WasteId::ClockSyscalls,
        advice: "Read the clock once per loop iteration, and check that the clock source is tsc or kvm-clock.",
        find: clock_syscalls,
    },
    Rule {
        id: WasteId::TimerWakeups,
        advice: "Lengthen the interval, or wait for the event itself.",
        find: timer_wakeups,
    },
    Rule {
        id: WasteId::UpstreamConnections,
        advice: "Keep upstream connections alive and reuse them from a pool.",
        find: upstream_connections,
    },
    Rule {
        id: WasteId::GcSync,
        advice: "Allocate less for each unit of work, or give the heap more room, so that collections are rarer.",
        find: gc_sync,
    },
    Rule {
        id: WasteId::ThreadHandoffs,
        advice: "Let the thread that received the data finish the job, or use fewer threads.",
        find: thread_handoffs,
    },
    Rule {
        id: WasteId::SmallWrites,
        advice: "Send what belongs together in one write: headers with the first chunk, a chunk with its framing.",
        find: small_writes,
    },
    Rule {
        id: WasteId::FaultCycles,
        advice: "Reuse buffers, or let the allocator keep freed pages longer.",
        find: fault_cycles,
    },
];

fn eagain_reads(view: &View<'_>) -> Option<Found> {
    let count = view.count(|round| {
        let reads = round.syscalls.iter();
        let reads = reads.filter(|call| SyscallClass::of(&call.name) == SyscallClass::Receive);
        reads.filter_map(|call| call.errors.get("EAGAIN")).sum()
    });
    let rows = view.rows(|row| row.kind == TermKind::Syscall(SyscallClass::Receive));
    at_mean_cost(
        view,
        count,
        &rows,
        "reads return EAGAIN (at the mean cost of a read)",
    )
}

fn empty_polls(view: &View<'_>) -> Option<Found> {
    let count = view.count(|round| {
        let loops = round
            .threads
            .iter()
            .filter_map(|thread| thread.event_loop.as_ref());
        loops.map(|event_loop| event_loop.empty_polls).sum()
    });
    let rows = view.rows(|row| row.kind.is_syscall() && is_event_wait(&row.cause));
    at_mean_cost(
        view,
        count,
        &rows,
        "event polls return no event (at the mean cost of a poll)",
    )
}

fn clock_syscalls(view: &View<'_>) -> Option<Found> {
    let rows = view.rows(|row| row.kind == TermKind::Syscall(SyscallClass::Clock));
    whole(&rows, "clock reads enter the kernel")
}

fn timer_wakeups(view: &View<'_>) -> Option<Found> {
    let is_timer = |row: &LedgerRow| row.kind == TermKind::Syscall(SyscallClass::Timers);
    let is_sysmon = |row: &LedgerRow| row.role == Some(Role::GoSysmon);
    let timers = view.rows(|row| is_timer(row));
    let rows = view.rows(|row| is_timer(row) || is_sysmon(row));
    let (cost, _) = sum(&rows);
    let (_, count) = sum(&timers);
    found(
        count,
        cost,
        "timer calls (Go's sysmon counted whole)",
        &rows,
    )
}

fn upstream_connections(view: &View<'_>) -> Option<Found> {
    let requests = view.count(Recording::requests);
    let connected = view.count(|round| round.sockets.connected);
    if requests == 0.0 || connected / requests < view.limits[Limit::KeptConnections] {
        return None;
    }
    let rows = view.rows(|row| row.kind == TermKind::Syscall(SyscallClass::Connection));
    let (cost, _) = sum(&rows);
    let mut found = found(connected, cost, "new upstream connections", &rows)?;
    found
        .evidence
        .splice(0..0, view.cite(|path| Evidence::part(path, Part::Sockets)));
    Some(found)
}

fn gc_sync(view: &View<'_>) -> Option<Found> {
    let is_gc = |row: &LedgerRow| row.role.as_ref().is_some_and(Role::is_gc);
    let rows = view.rows(|row| is_sync(row) && is_gc(row));
    let wakes = wakes_of_gc(view);
    let others = view.rows(|row| is_sync(row) && !is_gc(row));
    let (own_cost, own_count) = sum(&rows);
    let cost = own_cost + wakes * mean_cost(&others);
    let text =
        "futex and yield calls with GC threads (wake-ups of them at the mean cost of such a call)";
    let mut found = found(own_count + wakes, cost, text, &rows)?;
    found
        .evidence
        .extend(view.cite(|path| Evidence::part(path, Part::Process).field(Field::Wakeups)));
    Some(found)
}

fn thread_handoffs(view: &View<'_>) -> Option<Found> {
    let is_gc = |row: &LedgerRow| row.role.as_ref().is_some_and(Role::is_gc);
    let rows = view.rows(|row| is_sync(row) && !is_gc(row));
    let (cost, count) = sum(&rows);
    let own = (count - wakes_of_gc(view)).max(0.0);
    let text = "futex, eventfd and yield calls between other threads";
    found(own, cost * share(own, count), text, &rows)
}

fn small_writes(view: &View<'_>) -> Option<Found> {
    if view.per != Per::Token {
        return None;
    }
    let sends = view.count(|round| round.sockets.send_calls);
    let rows = view.rows(|row| row.kind == TermKind::Syscall(SyscallClass::Send));
    let text = "sends more than the one that a token needs (at the mean cost of a send)";
    at_mean_cost(view, sends - SENDS_NEEDED, &rows, text)
}

fn fault_cycles(view: &View<'_>) -> Option<Found> {
    let returned = view.rows(|row| {
        row.kind == TermKind::Syscall(SyscallClass::Memory) || row.kind == TermKind::MemoryReturn
    });
    let faults = view.count(|round| round.faults.minor + round.faults.major);
    let (returned_cost, calls) = sum(&returned);
    if calls < view.limits[Limit::FaultCycle] * faults {
        return None;
    }
    let rows = view.rows(|row| row.kind == TermKind::Fault);
    let (cost, _) = sum(&rows);
    let mut found = found(
        faults,
        cost + returned_cost,
        "page faults, with the calls that return memory and interrupts",
        &rows,
    )?;
    found.evidence.extend(cited(&returned));
    Some(found)
}

fn is_sync(row: &LedgerRow) -> bool {
    row.kind == TermKind::Syscall(SyscallClass::ThreadSync)
}

/// Returns the wake-ups of garbage collection threads by other threads of the arm, per unit.
fn wakes_of_gc(view: &View<'_>) -> f64 {
    view.count(|round| {
        let wakers = round.wakers.iter();
        let by_mutators = wakers.filter(|waker| waker.to_role.is_gc() && !waker.from_role.is_gc());
        by_mutators.map(|waker| waker.count).sum()
    })
}

/// Returns waste that is all of some rows.
fn whole(rows: &[&LedgerRow], text: &str) -> Option<Found> {
    let (cost, count) = sum(rows);
    found(count, cost, text, rows)
}

/// Returns waste that is some of the calls of rows, each at their mean cost.
fn at_mean_cost(view: &View<'_>, count: f64, rows: &[&LedgerRow], text: &str) -> Option<Found> {
    let mut found = found(count, count * mean_cost(rows), text, rows)?;
    let process = view.cite(|path| Evidence::part(path, Part::Process).field(Field::OnCpuNs));
    found.evidence.extend(process);
    Some(found)
}

fn mean_cost(rows: &[&LedgerRow]) -> f64 {
    let (value, count) = sum(rows);
    share(value, count)
}

fn share(part: f64, of: f64) -> f64 {
    if of > 0.0 { part / of } else { 0.0 }
}

fn found(count: f64, cost: f64, text: &str, rows: &[&LedgerRow]) -> Option<Found> {
    (count > 0.0).then(|| Found {
        count,
        cost,
        text: text.into(),
        evidence: cited(rows),
    })
}
