//! Peers that the target exchanges data with, other than its clients.

use crate::process::is_zero;
use crate::vocabulary::Transport;
use serde::{Deserialize, Serialize};

/// Traffic with one peer: over connections that the target opened, or accepted at a port that the
/// load does not use; as datagrams; or over a Unix socket with a name. Clients of the target are no
/// peers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// How it is reached.
    pub transport: Transport,
    /// `IP:PORT`, `IP (to port PORT)` if it connects to the target, or the name of a Unix socket:
    /// its path, or `@` and an abstract name. Never trusted, renderers escape it. `None` for all
    /// peers together that are not listed one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Sends that moved bytes.
    pub send_calls: u64,
    /// Bytes sent.
    pub send_bytes: u64,
    /// Receives that moved bytes.
    pub recv_calls: u64,
    /// Bytes received.
    pub recv_bytes: u64,
    /// TCP segments sent again, `SYN` included.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retransmits: u64,
    /// Answers that a name server (port 53) gave to queries.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dns_answers: u64,
    /// Total time from these queries until their answers were received.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dns_ns: u64,
    /// Answers over TCP connections that the target opened.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub answers: u64,
    /// Total time from the last send of each request until the first byte of its answer arrived.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub answer_ns: u64,
    /// Time in which the peer's receive window kept the target from sending over TCP, as
    /// `tcpi_rwnd_limited` of `TCP_INFO` has it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rwnd_limited_ns: u64,
    /// Whether it is the upstream or the service that `kontrast run` gave the target. All other
    /// peers are third parties.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub upstream: bool,
}

impl Peer {
    /// Returns the bytes in both directions.
    pub fn bytes(&self) -> u64 {
        self.send_bytes + self.recv_bytes
    }
}

/// Returns the peers that are neither client nor upstream.
pub fn third_parties(peers: &[Peer]) -> impl Iterator<Item = &Peer> {
    peers.iter().filter(|peer| !peer.upstream)
}
