//! Small sends that wait for the client's acknowledgement (Nagle's algorithm, RFC 896).

use super::Sign;
use crate::thresholds::{Limit, Thresholds};
use recording::evidence::{Field, Part};
use recording::format::number;
use recording::{Evidence, Recording};

/// Returns the sign of the condition in one round.
pub(super) fn check(path: &str, round: &Recording, limits: &Thresholds) -> Option<Sign> {
    let sockets = &round.sockets;
    let sends = sockets.relays_matched + sockets.relays_unmatched;
    let share = sockets.nagle_delayed_sends as f64 / sends.max(1) as f64;
    (share > limits[Limit::NagleShare]).then(|| Sign {
        size: share,
        text: format!(
            "{} of {sends} sends to clients ({} %) waited for an acknowledgement",
            sockets.nagle_delayed_sends,
            number(share * 100.0)
        ),
        evidence: Evidence::part(path, Part::Sockets).field(Field::NagleDelayedSends),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::testing::Build;

    #[test]
    fn detects_sends_that_wait() {
        let with = |held: u64| {
            Build::arm("x")
                .with(|recording| {
                    recording.sockets.relays_matched = 2_000;
                    recording.sockets.relays_unmatched = 40;
                    recording.sockets.nagle_delayed_sends = held;
                })
                .done()
        };
        let sign = check("r", &with(40), &Thresholds::default()).expect("seen");
        assert_eq!(
            sign.text,
            "40 of 2040 sends to clients (1.96 %) waited for an acknowledgement"
        );
        assert!(check("r", &with(20), &Thresholds::default()).is_none());
        let idle = Build::arm("x").done();
        assert!(check("r", &idle, &Thresholds::default()).is_none());
    }
}
