//! Requests in flight: the states of the threads that serve them.

use crate::arms::Arms;
use crate::clean::clean;
use crate::document::{Block, Section, Table};
use recording::comparison::{ArmRequests, RoleStates};
use recording::format::{count, number, percent_tenths, quantity};
use recording::requests::{StateTimes, WakeChain};
use recording::tokens::PathPart;
use recording::vocabulary::Unit;

/// Parts of a request that are listed.
const PARTS: usize = 10;
/// Chains of wake-ups that are listed.
const CHAINS: usize = 6;

const LEAD: &str = "A request lasts from its receive to the last send before the next receive of its connection. A thread \
serves it from its first to its last receive or send for it: its sleep in that time is blocked, for instance until the next \
token of the model arrives, and its sleep at other times is idle.";

/// Returns two tables of each arm; nothing where no requests were recorded.
pub fn section(arms: &Arms) -> Option<Section> {
    let mut blocks = Vec::new();
    for arm in &arms.list {
        if let Some(requests) = arm.compared.and_then(|arm| arm.requests.as_ref()) {
            blocks.push(parts(&arm.name, requests));
            blocks.extend(chains(&arm.name, requests));
            blocks.push(roles(&arm.name, requests));
        }
    }
    (!blocks.is_empty()).then(|| Section {
        id: "requests",
        title: "Requests in flight",
        lead: LEAD.into(),
        blocks,
    })
}

fn parts(name: &str, requests: &ArmRequests) -> Block {
    let whole: f64 = requests.parts.iter().map(|part| part.ns).sum();
    let mut table = Table::new(format!(
        "{name}: a request of {}, mean of {}; {} in flight",
        quantity(requests.mean_ns, Unit::Ns),
        requests.count,
        number(requests.in_flight)
    ))
    .words("State of the threads that serve it")
    .number("a request")
    .number("share");
    let row = |part: &PathPart| (clean(&part.state()), part.ns);
    let (first, rest) = requests.parts.split_at(requests.parts.len().min(PARTS));
    let mut rows: Vec<(String, f64)> = first.iter().map(row).collect();
    if !rest.is_empty() {
        let others = format!("{} smaller parts", rest.len());
        rows.push((others, rest.iter().map(|part| part.ns).sum()));
    }
    for (state, ns) in rows {
        table.named(state, [quantity(ns, Unit::Ns), percent_tenths(ns / whole)]);
    }
    table.block()
}

/// Lists who ended sleep in requests.
fn chains(name: &str, requests: &ArmRequests) -> Option<Block> {
    if requests.chains.is_empty() {
        return None;
    }
    let whole: u64 = requests.chains.iter().map(|chain| chain.ns).sum();
    let mut table = Table::new(format!("{name}: who ended sleep in requests"))
        .words("Sleeper, who woke it, who woke that thread meanwhile, …")
        .number("sleeps")
        .number("mean")
        .number("share");
    for chain in requests.chains.iter().take(CHAINS) {
        let mean = chain.ns as f64 / chain.count.max(1) as f64;
        let cells = [
            count(chain.count),
            quantity(mean, Unit::Ns),
            percent_tenths(chain.ns as f64 / whole.max(1) as f64),
        ];
        table.named(clean(&words(chain)), cells);
    }
    Some(table.block())
}

fn words(chain: &WakeChain) -> String {
    let mut words = match chain.syscall.as_str() {
        "" => chain.sleeper.label().to_owned(),
        syscall => format!("{} ({syscall})", chain.sleeper.label()),
    };
    for link in &chain.links {
        words.push_str(" ← ");
        words.push_str(link.label());
    }
    if chain.links.is_empty() {
        words.push_str(", not ended");
    }
    words
}

fn roles(name: &str, requests: &ArmRequests) -> Block {
    let mut table = Table::new(format!("{name}: states of threads, of their lifetime"))
        .words("Threads")
        .number("in requests: on a CPU")
        .number("collecting")
        .number("run queue")
        .number("preempted")
        .number("throttled")
        .number("stolen")
        .number("blocked")
        .number("outside: awake")
        .number("idle");
    for role in &requests.roles {
        table.named(
            format!("{} × {}", role.threads, clean(role.role.label())),
            shares(role),
        );
    }
    table.block()
}

fn shares(role: &RoleStates) -> [String; 9] {
    let life = (role.in_request.whole_ns() + role.outside.whole_ns()).max(1) as f64;
    let StateTimes {
        on_cpu_ns,
        gc_ns,
        run_queue_ns,
        preempted_ns,
        throttled_ns,
        stolen_ns,
        asleep_ns,
    } = role.in_request;
    let awake = role.outside.whole_ns() - role.outside.asleep_ns;
    [
        on_cpu_ns,
        gc_ns,
        run_queue_ns,
        preempted_ns,
        throttled_ns,
        stolen_ns,
        asleep_ns,
        awake,
        role.outside.asleep_ns,
    ]
    .map(|ns| percent_tenths(ns as f64 / life))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::section::testing::text_of_arm;
    use recording::comparison::Arm;
    use recording::vocabulary::{PathKind, Role};

    fn text(requests: Option<ArmRequests>) -> String {
        text_of_arm(Arm {
            arm: "go".into(),
            requests,
            ..Arm::default()
        })
    }

    #[test]
    fn distinguishes_blocked_from_idle_time() {
        let times = |on_cpu_ns, asleep_ns| StateTimes {
            on_cpu_ns,
            asleep_ns,
            ..StateTimes::default()
        };
        let text = text(Some(ArmRequests {
            count: 4,
            mean_ns: 2_000.0,
            in_flight: 1.5,
            parts: vec![PathPart {
                kind: PathKind::Asleep,
                role: Role::MainLoop,
                syscall: "fsync\u{1b}[2J".into(),
                ns: 1_500.0,
            }],
            chains: vec![WakeChain {
                sleeper: Role::MainLoop,
                syscall: "futex".into(),
                links: vec![Role::HttpClient, Role::Interrupt],
                ns: 3_000,
                count: 2,
            }],
            roles: vec![RoleStates {
                role: Role::MainLoop,
                threads: 1,
                in_request: times(100, 300),
                outside: times(0, 600),
            }],
            ..ArmRequests::default()
        }));
        assert!(
            text.contains("go: a request of 2.00 µs, mean of 4; 1.50 in flight"),
            "{text}"
        );
        assert!(
            text.contains("main loop: asleep (fsync\u{fffd}[2J)"),
            "{text}"
        );
        let chain = text
            .lines()
            .find(|line| line.contains("main loop (futex) ← HTTP client"));
        assert!(
            chain.is_some_and(|line| line.contains("← interrupt") && line.contains("1.50 µs")),
            "{text}"
        );
        let row = text.lines().find(|line| line.contains("1 × main loop"));
        let row: Vec<&str> = row.expect("a row").split_whitespace().collect();
        assert!(row.join(" ").ends_with("30.0 % 0.0 % 60.0 %"), "{row:?}");
    }

    #[test]
    fn shows_nothing_where_no_requests_were_recorded() {
        assert!(!text(None).contains("in flight"));
    }
}
