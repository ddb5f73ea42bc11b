//! More sends for the same bytes.

use super::case::is_by_count;
use super::{About, Case, Hit, Kind, Rule};
use crate::{arms::Rounds, quantity};

/// See the module.
pub struct SmallWrites;

const ABOUT: About = About {
    id: "small-writes",
    title: "Small writes",
    pattern: "More sending calls for each token, and smaller ones",
    meaning: "Every send walks the whole network stack, however few bytes it carries",
    remedy: "Put what belongs together in one write: headers with the first chunk, a chunk with its framing",
};

impl Rule for SmallWrites {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Cpu
    }

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case.work("sending")?;
        let (dear, cheap) = (bytes_a_send(case.dear), bytes_a_send(case.cheap));
        if !is_by_count(&rows) || dear > 0.8 * cheap {
            return None;
        }
        let text = format!(
            "{}, each of {} rather than {}",
            case.counts("sends", &rows),
            quantity::text(dear, "bytes"),
            quantity::text(cheap, "bytes")
        );
        Some(Hit {
            rows,
            text,
            evidence: case.cite_all("/sockets/send_bytes"),
        })
    }
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

    #[test]
    fn split_writes_are_found() {
        let found = planted("small-writes", |build| {
            build.call("write", 3_000, DOSE).with(|recording| {
                recording.sockets.send_calls = 4_000;
                recording.sockets.send_bytes = 80_000;
            })
        });
        assert_whole(&found);
        assert!(found.text.contains("20.0 bytes"), "{}", found.text);
    }
}
