//! Protocols under a peer's traffic.

use super::vocabulary;

vocabulary! {
    /// How a peer is reached.
    #[derive(Default)]
    Transport {
        /// TCP.
        Tcp = "tcp", "TCP";
        /// UDP.
        Udp = "udp", "UDP";
        /// A Unix socket.
        Unix = "unix", "Unix socket";
        /// Another protocol over IP.
        #[default]
        Other = "other", "other";
    }
}
