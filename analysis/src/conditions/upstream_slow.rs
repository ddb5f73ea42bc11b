//! Threads and event loops that wait for data of peers that the target asked.

use super::{Sign, upstream_answers, waits_for};
use crate::thresholds::{Limit, Thresholds};
use crate::waits;
use recording::Recording;
use recording::format::quantity;
use recording::vocabulary::{Unit, WaitKind};
use recording::waits::{Wait, call_on};

/// Returns the sign of the condition in one round. Where waits show it, answers say it once more.
pub(super) fn check(path: &str, round: &Recording, limits: &Thresholds) -> Option<Sign> {
    let limit = limits[Limit::UpstreamShare];
    by_waits(path, round, limit).or_else(|| upstream_answers::sign(path, round, limit))
}

fn by_waits(path: &str, round: &Recording, limit: f64) -> Option<Sign> {
    let fits = |wait: &Wait| wait.kind == WaitKind::Socket && is_for_peer(round, wait);
    let mut sign = waits_for::sign((path, round), ("peers", limit), fits, place)?;
    let rows = round.waits.rows.iter().filter(|wait| fits(wait));
    let waited: u64 = rows.map(|wait| wait.off_cpu_ns).sum();
    if let Some(requests) = requests(round) {
        let each = quantity(waited as f64 / requests as f64, Unit::Ns);
        sign.text += &format!("; {each} a request");
    }
    Some(sign)
}

/// Returns whether a thread waited for a peer: clients are in no row of `peers`.
fn is_for_peer(round: &Recording, wait: &Wait) -> bool {
    let mut peers = round.peers.iter();
    wait.peer.is_some() && peers.any(|peer| peer.address == wait.peer)
}

/// Returns the requests of the load, or those that the kernel counted.
fn requests(round: &Recording) -> Option<u64> {
    let of_load = round.load.as_ref().map(|load| load.requests.completed);
    let requests = of_load.unwrap_or(round.sockets.requests);
    (requests > 0).then_some(requests)
}

/// Returns the thread that waited, with its call, the peer and the function.
fn place(round: &Recording, wait: &Wait) -> String {
    let role = round.role_of(wait.thread);
    let call = call_on(&wait.syscall, wait.peer.as_deref().unwrap_or_default());
    let at = waits::place(&round.waits.stacks, wait.node);
    let at = at.map_or(String::new(), |at| format!(" at {at}"));
    format!("{role} in {call}{at}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::peers::Peer;
    use recording::testing::Build;

    const PEER: &str = "192.0.2.1:5432";

    #[test]
    fn detects_time_that_threads_wait_for_peers() {
        let with = |waited: u64, peer: &str| {
            let build = Build::arm("x").thread(1, "front", |thread| thread.user(100, 1));
            let build = build.with(|recording| {
                recording.waits.rows = vec![Wait {
                    kind: WaitKind::Socket,
                    syscall: "recvfrom".into(),
                    peer: Some(peer.into()),
                    off_cpu_ns: waited,
                    ..Wait::default()
                }];
                recording.peers = vec![Peer {
                    address: Some(PEER.into()),
                    ..Peer::default()
                }];
                recording.sockets.requests = 4;
            });
            check("r", &build.done(), &Thresholds::default())
        };
        let sign = with(400, PEER).expect("seen");
        let expected = "its threads waited for peers 400 ns a second, 4 times as long as they ran; \
                        all of it front in recvfrom 192.0.2.1:5432; 100 ns a request";
        assert_eq!(sign.text, expected);
        assert!(with(400, "192.0.2.9:40000").is_none(), "a client");
        assert!(with(50, PEER).is_none());
    }
}
