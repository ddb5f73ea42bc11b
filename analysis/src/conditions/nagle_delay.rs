//! Small sends that wait for the client's acknowledgement.

use super::{Condition, Sign};
use crate::causes::About;
use crate::thresholds::{Limit, Thresholds};
use recording::evidence::{Field, Part};
use recording::format::number;
use recording::vocabulary::MetricId;
use recording::{Evidence, Recording};

/// See the module.
pub struct NagleDelay;

const ABOUT: About = About {
    id: "nagle-delay",
    title: "Small sends held back",
    pattern: "More than 1 % of the sends to clients that Nagle's algorithm kept until earlier data was acknowledged",
    meaning: "The kernel keeps a small send while the one before it is on its way, and a client may acknowledge that 40 ms late (delayed ACK): mostly it is the first chunk behind the head of an answer",
    remedy: "Set TCP_NODELAY on accepted connections, or send the head together with the first chunk",
};

impl Condition for NagleDelay {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn metric(&self) -> MetricId {
        MetricId::TtftNs
    }

    fn check(&self, path: &str, round: &Recording, limits: &Thresholds) -> Option<Sign> {
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::testing::Build;

    #[test]
    fn sends_that_wait_are_seen() {
        let with = |held: u64| {
            Build::arm("x")
                .with(|recording| {
                    recording.sockets.relays_matched = 2_000;
                    recording.sockets.relays_unmatched = 40;
                    recording.sockets.nagle_delayed_sends = held;
                })
                .done()
        };
        let sign = NagleDelay
            .check("r", &with(40), &Thresholds::default())
            .expect("seen");
        assert_eq!(
            sign.text,
            "40 of 2040 sends to clients (1.96 %) waited for an acknowledgement"
        );
        assert!(
            NagleDelay
                .check("r", &with(20), &Thresholds::default())
                .is_none()
        );
        let idle = Build::arm("x").done();
        assert!(
            NagleDelay
                .check("r", &idle, &Thresholds::default())
                .is_none()
        );
    }
}
