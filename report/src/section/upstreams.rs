//! Connections that the target opened: how long their peers take to answer.

use super::peers::name;
use super::rates::{Rates, Value};
use crate::arms::{Arm, Arms, ranked};
use crate::document::{Block, Table};
use recording::format::Scale;
use recording::vocabulary::Unit;
use std::collections::BTreeMap;

/// Peers shown, those with the most time first.
const MOST: usize = 12;
const TITLE: &str = "Answers of peers: from a request to the first byte of its answer";

/// Sums over the rounds of an arm.
#[derive(Clone, Copy, Default)]
struct Sums {
    answers: f64,
    answer_ns: f64,
}

type ByPeer = BTreeMap<String, Sums>;

/// Returns answers and their time by peer; nothing where no peer answered.
pub fn table(arms: &Arms) -> Option<Block> {
    let each = arms.each(sums);
    let times: Vec<BTreeMap<String, f64>> = each
        .iter()
        .map(|sums| {
            let times = sums.iter().map(|(peer, sum)| (peer.clone(), sum.answer_ns));
            times.collect()
        })
        .collect();
    let mut peers = ranked(&times);
    peers.truncate(MOST);
    let rates = Rates::new(arms, &each);
    let columns: [Value<Sums>; 3] = [
        |sums, seconds| sums.answers / seconds,
        |sums, _| sums.answer_ns / sums.answers.max(1.0),
        |sums, seconds| sums.answer_ns / 1e9 / seconds,
    ];
    let all = |value| rates.all(&peers, value);
    let scales = [
        Scale::plain(all(columns[0])),
        Scale::of(Unit::Ns, all(columns[1])),
        Scale::plain(all(columns[2])),
    ];
    let mut table = Table::new(TITLE)
        .words("Peer")
        .numbers("answers/s", arms.names())
        .numbers(scales[1].per("answer"), arms.names())
        .numbers("outstanding on average", arms.names());
    for peer in &peers {
        table.named(peer.as_str(), rates.cells(peer, &scales, columns));
    }
    (!peers.is_empty()).then(|| table.block())
}

fn sums(arm: &Arm) -> ByPeer {
    let mut sums = ByPeer::new();
    let peers = arm.rounds.iter().flat_map(|round| &round.peers);
    for peer in peers.filter(|peer| peer.answers > 0) {
        let sum = sums.entry(name(peer)).or_default();
        sum.answers += peer.answers as f64;
        sum.answer_ns += peer.answer_ns as f64;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Input;
    use recording::peers::Peer;
    use recording::{Comparison, Recording};

    fn block(peers: Vec<Peer>) -> Option<Block> {
        let mut recording = Recording {
            peers,
            ..Recording::default()
        };
        recording.window.duration_ns = 2_000_000_000;
        let recordings = [("r".to_owned(), recording)];
        let comparison = Comparison::default();
        let input = Input {
            comparison: &comparison,
            recordings: &recordings,
        };
        table(&Arms::of(&input))
    }

    #[test]
    fn says_how_long_each_peer_takes_to_answer() {
        let peer = |port: u64, answers| Peer {
            address: Some(format!("192.0.2.{port}:80\u{1b}")),
            answers,
            answer_ns: answers * port * 20_000_000,
            upstream: port == 1,
            ..Peer::default()
        };
        let Some(Block::Table(table)) = block(vec![peer(1, 100), peer(2, 150), peer(3, 0)]) else {
            panic!("a table");
        };
        let rows = table.rows.iter().map(|row| {
            let cells = row.cells.iter().map(|cell| cell.text.as_str());
            cells.collect::<Vec<_>>().join(" ")
        });
        let expected = [
            "192.0.2.2:80\u{fffd} 75 40.0 3",
            "192.0.2.1:80\u{fffd} 50 20.0 1",
        ];
        assert_eq!(rows.collect::<Vec<_>>(), expected);
        assert!(block(vec![peer(3, 0)]).is_none());
    }
}
