//! The check `bytes_vs_load`: what the kernel saw on the target's sockets is what its peers counted.

use super::stub::Moved;
use recording::{LoadSummary, Recording, observer::Check};

/// Name of the check; there is one for each direction.
const NAME: &str = "bytes_vs_load";
/// Allowed difference, as a share of what is expected.
const TOLERANCE: f64 = 0.01;

/// What the target's peers counted while it was recorded.
pub struct Peers<'a> {
    /// The load generator's summary; `None` for a command of the user's.
    pub load: Option<&'a LoadSummary>,
    /// What the stub moved; `None` where the target was not started by us, and may have another upstream.
    pub stub: Option<Moved>,
}

/// Both directions, or one entry that says why they could not be checked.
pub fn checks(recording: &Recording, peers: &Peers<'_>) -> Vec<Check> {
    let sockets = &recording.sockets;
    let (load, stub) = match peers {
        // Without programs the kernel was not asked.
        _ if recording.observer.mode == "none" => return vec![],
        Peers { load: None, .. } => {
            return vec![not_checked("the load command does not count bytes")];
        }
        Peers { stub: None, .. } => {
            return vec![not_checked("the target's own upstream is not counted")];
        }
        Peers {
            load: Some(load),
            stub: Some(stub),
        } => (load, stub),
    };
    let direction = |word: &str, load: u64, stub: u64, measured: u64| {
        let expected = (load + stub) as f64;
        let note = format!("{word}: load generator {load}, stub {stub}");
        Check {
            note,
            ..Check::within(
                NAME,
                "bytes",
                expected,
                measured as f64,
                expected * TOLERANCE,
            )
        }
    };
    vec![
        direction(
            "sent by the target",
            load.bytes_received,
            stub.bytes_received,
            sockets.send_bytes,
        ),
        direction(
            "received by the target",
            load.bytes_sent,
            stub.bytes_sent,
            sockets.recv_bytes,
        ),
    ]
}

/// An identity that was not put to the test; it speaks neither for nor against the recording.
fn not_checked(why: &str) -> Check {
    Check {
        note: format!("not checked: {why}"),
        ..Check::within(NAME, "bytes", 0.0, 0.0, 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::{observer::Observer, process::Sockets};

    fn recording(send_bytes: u64, recv_bytes: u64) -> Recording {
        let sockets = Sockets {
            send_bytes,
            recv_bytes,
            ..Sockets::default()
        };
        Recording {
            sockets,
            ..Recording::default()
        }
    }

    fn load() -> LoadSummary {
        LoadSummary {
            bytes_received: 9_000,
            bytes_sent: 400,
            ..LoadSummary::default()
        }
    }

    fn ok(recording: &Recording) -> Vec<bool> {
        let load = load();
        let stub = Some(Moved {
            bytes_sent: 19_600,
            bytes_received: 1_000,
        });
        let peers = Peers {
            load: Some(&load),
            stub,
        };
        checks(recording, &peers)
            .iter()
            .map(|check| check.ok)
            .collect()
    }

    #[test]
    fn each_direction_holds_within_one_percent() {
        assert_eq!(ok(&recording(10_000, 20_000)), [true, true]);
        assert_eq!(ok(&recording(10_100, 19_800)), [true, true]);
        assert_eq!(ok(&recording(10_101, 20_000)), [false, true]);
        assert_eq!(ok(&recording(10_000, 19_799)), [true, false]);
    }

    #[test]
    fn the_note_says_who_counted_what() {
        let load = load();
        let stub = Some(Moved {
            bytes_sent: 19_600,
            bytes_received: 1_000,
        });
        let checks = checks(
            &recording(0, 0),
            &Peers {
                load: Some(&load),
                stub,
            },
        );
        assert_eq!(
            checks[0].note,
            "sent by the target: load generator 9000, stub 1000"
        );
        assert_eq!(
            (checks[0].expected, checks[1].expected),
            (10_000.0, 20_000.0)
        );
    }

    #[test]
    fn what_cannot_be_checked_says_why() {
        let recording = recording(5, 5);
        let without_load = checks(
            &recording,
            &Peers {
                load: None,
                stub: Some(Moved::default()),
            },
        );
        assert!(
            without_load[0].ok && without_load[0].note.contains("load command"),
            "{without_load:?}"
        );
        let load = load();
        let without_stub = checks(
            &recording,
            &Peers {
                load: Some(&load),
                stub: None,
            },
        );
        assert!(
            without_stub[0].note.contains("upstream"),
            "{without_stub:?}"
        );
    }

    #[test]
    fn nothing_is_claimed_where_the_kernel_was_not_asked() {
        let observer = Observer {
            mode: "none".into(),
            ..Observer::default()
        };
        let recording = Recording {
            observer,
            ..Recording::default()
        };
        assert_eq!(ok(&recording), Vec::<bool>::new());
    }
}
