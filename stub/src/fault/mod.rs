//! Fault injection: the ways in which real model servers and networks fail.

mod parse;

use rand::{Rng, SeedableRng, rngs::SmallRng};
use std::time::Duration;

/// A set of faults, and the requests that they are injected into. The default has none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// Send this HTTP status instead of an answer.
    pub status: Option<u16>,
    /// With a status: ask the client to wait this long before it tries again.
    pub retry_after: Option<Duration>,
    /// Delay the response's head.
    pub slow_head: Duration,
    /// Reset the connection after this many pieces.
    pub reset_after: Option<Count>,
    /// Close the connection in the middle of the body, after this many pieces.
    pub close_after: Option<Count>,
    /// Stall after this many pieces.
    pub stall_after: Option<Count>,
    /// Continue after a stall of this length; without it, stall forever.
    pub stall_for: Option<Duration>,
    /// Send an error event after this many pieces, and end without `[DONE]`.
    pub error_after: Option<Count>,
    /// Send an event with cut-off JSON after this many pieces.
    pub malformed_after: Option<Count>,
    /// End without `[DONE]`.
    pub no_done: bool,
    /// Write the last piece, `[DONE]` and the end of the body separately.
    pub separate_done: bool,
    /// Write each event in this many parts, a millisecond apart.
    pub split: Option<u32>,
    /// Write this many events at a time.
    pub coalesce: Option<u32>,
    /// Send a comment before every Nth event.
    pub comments: Option<u32>,
    /// End lines with CR LF.
    pub crlf: bool,
    /// End lines with CR.
    pub cr: bool,
    /// Delay the acceptance of connections. Those behind a delayed one wait too.
    pub slow_accept: Duration,
    /// End each connection gracefully after this many requests: GOAWAY, or `Connection: close`.
    pub goaway_after: Option<u32>,
    /// Close a connection that had no request for this long.
    pub idle_close: Option<Duration>,
    /// Inject the faults into every Nth request only.
    pub every: Option<u32>,
    /// Inject the faults into this share of requests only, from 0 to 1.
    pub share: Option<f64>,
}

/// The notation of faults, for messages and `--help`.
pub const NOTATION: &str = "\
429, 500, 503      answer with this status (any from 400 to 599)
retry-after=2s     ask the client to wait this long (429 and 503 ask for 1s without it)
slow-head=500ms    delay the response's head
reset-after=N      reset the TCP connection after N pieces
close-after=N      close it in the middle of the body after N pieces
stall-after=N      send nothing more after N pieces (stall-for=2s: then continue)
error-after=N      send an error event after N pieces and end
malformed-after=N  send an event with broken JSON after N pieces
no-done            end without [DONE]
separate-done      write [DONE] and the end of the body separately
split=N            write each event in N parts, 1 ms apart
coalesce=N         write N events at a time
comments=N         send a comment before every Nth event
crlf               end lines with CR LF
cr                 end lines with CR
slow-accept=500ms  delay the acceptance of new connections (--fault only)
goaway-after=N     end a connection after N requests, with GOAWAY in HTTP/2 (--fault only)
idle-close=20ms    close a connection that is idle this long (--fault only)
every=N            inject only into every Nth request or connection
share=2%           inject only into this share of them, chosen by --seed

The N of a fault with -after may be a range: reset-after=1..40 resets after 1 to 40 pieces.";

/// A number of pieces, fixed or random.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Count {
    low: u32,
    high: u32,
}

impl Count {
    /// Returns the number. That of a range is its lower bound, until [`Faults::for_request`] has
    /// chosen one.
    pub fn get(self) -> u32 {
        self.low
    }

    fn choose(self, rng: &mut SmallRng) -> Self {
        let chosen = match self.low == self.high {
            true => self.low,
            false => rng.random_range(self.low..=self.high),
        };
        Self {
            low: chosen,
            high: chosen,
        }
    }
}

impl Faults {
    /// Returns the first of `sets` that applies to request number `n`, counted from 1.
    pub fn choose(sets: &[Self], n: u64, seed: u64) -> Self {
        Self::first(sets, n, seed, Self::concern_requests)
    }

    /// Returns the first of `sets` that applies to connection number `n`, counted from 1.
    pub fn for_connection(sets: &[Self], n: u64, seed: u64) -> Self {
        Self::first(sets, n, seed, |faults| faults.of_connections().is_some())
    }

    fn first(sets: &[Self], n: u64, seed: u64, concerns: fn(&Self) -> bool) -> Self {
        let sets = (0u64..).zip(sets).filter(|(_, faults)| concerns(faults));
        let mut applicable = sets.filter_map(|(index, faults)| {
            // Each set draws its own numbers: the same ones would select the same requests.
            faults.applied(
                n,
                seed.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            )
        });
        applicable.next().unwrap_or_default()
    }

    /// Returns the faults of request number `n`, counted from 1: these or none.
    pub fn for_request(&self, n: u64, seed: u64) -> Self {
        self.applied(n, seed).unwrap_or_default()
    }

    fn applied(&self, n: u64, seed: u64) -> Option<Self> {
        let mut rng = SmallRng::seed_from_u64(seed ^ n.wrapping_mul(0xd1b5_4a32_d192_ed03));
        if self
            .every
            .is_some_and(|every| !n.is_multiple_of(every.into()))
        {
            return None;
        }
        if self.share.is_some_and(|share| !rng.random_bool(share)) {
            return None;
        }
        let mut faults = self.clone();
        for count in faults.counts() {
            *count = count.map(|count| count.choose(&mut rng));
        }
        Some(faults)
    }

    fn counts(&mut self) -> [&mut Option<Count>; 5] {
        [
            &mut self.reset_after,
            &mut self.close_after,
            &mut self.stall_after,
            &mut self.error_after,
            &mut self.malformed_after,
        ]
    }

    fn concern_requests(&self) -> bool {
        let connections = Self {
            slow_accept: self.slow_accept,
            goaway_after: self.goaway_after,
            idle_close: self.idle_close,
            every: self.every,
            share: self.share,
            ..Self::default()
        };
        *self != connections
    }

    /// Returns the name of a fault that concerns connections, which no request or reply can have.
    pub fn of_connections(&self) -> Option<&'static str> {
        let faults = [
            (!self.slow_accept.is_zero(), "slow-accept"),
            (self.goaway_after.is_some(), "goaway-after"),
            (self.idle_close.is_some(), "idle-close"),
        ];
        faults
            .into_iter()
            .find_map(|(set, name)| set.then_some(name))
    }
}
