//! More sends for the same bytes.

use super::rows::{is_by_count, surrounding_code};
use super::{Comparison, Delta, Match};
use crate::arms::Rounds;
use crate::thresholds::Limit;
use recording::evidence::Part;
use recording::vocabulary::{SyscallClass, Unit};
use recording::{Evidence, format};

/// Matches sends, where there are more and smaller ones.
pub(super) fn check(pair: &Comparison<'_>) -> Option<Match> {
    let rows = pair.rows(is_send)?;
    let (costly, baseline) = (bytes_a_send(pair.costly), bytes_a_send(pair.baseline));
    if !is_by_count(&rows) || costly > pair.limits[Limit::SendSizeShare] * baseline {
        return None;
    }
    let text = format!(
        "{}, of {} each against {}",
        pair.counts("sends", &rows),
        format::quantity(costly, Unit::Bytes),
        format::quantity(baseline, Unit::Bytes)
    );
    let around = surrounding_code(pair.unclaimed(), is_send, pair.limits[Limit::SendCodeNs]);
    Some(Match {
        rows: pair.rows(|row| is_send(row) || around.contains(row))?,
        text,
        evidence: pair.cite_all(|path| Evidence::part(path, Part::Sockets)),
    })
}

fn is_send(row: &Delta) -> bool {
    row.is_of(SyscallClass::Send)
}

fn bytes_a_send(arm: &Rounds<'_>) -> f64 {
    let sockets = arm.rounds.iter().map(|(_, recording)| &recording.sockets);
    let (bytes, calls) = sockets.fold((0, 0), |(bytes, calls), sockets| {
        (bytes + sockets.send_bytes, calls + sockets.send_calls)
    });
    bytes as f64 / calls.max(1) as f64
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;
    use recording::testing::ThreadBuild;

    #[test]
    fn finds_split_writes() {
        let found = planted("small-writes", |build| {
            build.call("write", 3_000, DOSE).with(|recording| {
                recording.sockets.send_calls = 4_000;
                recording.sockets.send_bytes = 80_000;
            })
        });
        assert_whole(&found);
        assert!(found.text.contains("20 B"), "{}", found.text);
    }

    #[test]
    fn claims_only_little_user_code_around_sends() {
        let found = |user: u64| {
            causes_of(|build| {
                let more = |more: ThreadBuild| more.call("write", 10_000, DOSE).user(user, 0);
                build.thread(1, MAIN, more).with(|recording| {
                    recording.sockets.send_calls = 11_000;
                    recording.sockets.send_bytes = 80_000;
                })
            })
        };
        assert_eq!(sorted_ids(&found(DOSE / 4)), ["small-writes"]);
        assert_eq!(sorted_ids(&found(DOSE)), ["small-writes", "user-code"]);
    }
}
