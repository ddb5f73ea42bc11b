//! Answers that event loops wait for. One call waits for all peers of a loop, so that waits name
//! none.

use super::Sign;
use recording::evidence::{Field, List};
use recording::format::{count, quantity};
use recording::peers::Peer;
use recording::vocabulary::Unit;
use recording::{Evidence, Recording};

/// Returns the sign of requests to peers that wait for answers, if that takes more than `limit` of
/// it and of on-CPU time. It counts as far as event loops sleep: one that is always on a CPU does
/// not wait for its peers.
pub(super) fn sign(path: &str, round: &Recording, limit: f64) -> Option<Sign> {
    let outstanding: u64 = round.peers.iter().map(|peer| peer.answer_ns).sum();
    let loops = round.threads.iter().filter(|it| it.event_loop.is_some());
    let slept: u64 = loops.map(|thread| thread.off_cpu_ns).sum();
    let on_cpu = round.process.on_cpu_ns;
    let waited = outstanding.min(slept);
    let share = waited as f64 / (waited + on_cpu).max(1) as f64;
    if share <= limit {
        return None;
    }
    let peers = round.peers.iter().enumerate();
    let (index, slowest) = peers.max_by_key(|(_, peer)| peer.answer_ns)?;
    let seconds = (round.window.duration_ns as f64 / 1e9).max(1e-9);
    Some(Sign {
        size: share,
        text: format!(
            "{}; requests that wait for an answer add up to {} a second, while its event loops \
             sleep {} and its threads run {}",
            answers(slowest),
            quantity(outstanding as f64 / seconds, Unit::Ns),
            quantity(slept as f64 / seconds, Unit::Ns),
            quantity(on_cpu as f64 / seconds, Unit::Ns),
        ),
        evidence: Evidence::entry(path, List::Peers, index).field(Field::AnswerNs),
    })
}

/// Returns how long a peer takes to answer.
fn answers(peer: &Peer) -> String {
    let mean_ns = peer.answer_ns as f64 / peer.answers.max(1) as f64;
    let name = peer.address.as_deref().unwrap_or("other peers");
    let took = quantity(mean_ns, Unit::Ns);
    format!(
        "requests to {name} take {took} ({} answers)",
        count(peer.answers)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::testing::{Build, MAIN};

    const MS: u64 = 1_000_000;

    /// Returns a second in which a loop sleeps and runs for so long, while a peer answers.
    fn round(slept_ms: u64, ran_ms: u64, answers: u64, answer_ns: u64) -> Recording {
        let build = Build::arm("x").thread(1, MAIN, |thread| {
            let thread = thread.user(ran_ms * MS, 1).off_cpu(slept_ms * MS);
            thread.with(|thread| thread.event_loop = Some(Default::default()))
        });
        let build = build.with(|recording| {
            let peer = |port, answers| Peer {
                address: Some(format!("192.0.2.1:{port}")),
                answers,
                answer_ns: answers * answer_ns,
                ..Peer::default()
            };
            recording.peers = vec![peer(1, 1), peer(2, answers)];
        });
        build.done()
    }

    fn found(round: &Recording) -> Option<Sign> {
        sign("r", round, 0.5)
    }

    #[test]
    fn detects_a_peer_that_lets_an_event_loop_wait() {
        let round = round(900, 100, 99, 20 * MS);
        let sign = found(&round).expect("seen");
        let expected = "requests to 192.0.2.1:2 take 20.0 ms (99 answers); requests that wait for \
                        an answer add up to 2.00 s a second, while its event loops sleep 900 ms \
                        and its threads run 100 ms";
        assert_eq!(sign.text, expected);
        assert_eq!(sign.evidence.to_string(), "r#/peers/1/answer_ns");
    }

    #[test]
    fn leaves_out_peers_that_answer_fast() {
        assert!(found(&round(900, 100, 200, MS / 10)).is_none());
        assert!(found(&round(900, 100, 0, 0)).is_none());
    }

    #[test]
    fn leaves_out_loops_that_hardly_sleep() {
        assert!(found(&round(50, 950, 99, 20 * MS)).is_none());
    }

    #[test]
    fn leaves_out_threads_that_are_no_event_loop() {
        let mut round = round(900, 100, 99, 20 * MS);
        round.threads[0].event_loop = None;
        assert!(found(&round).is_none());
    }
}
