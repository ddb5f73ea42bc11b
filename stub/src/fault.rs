//! Fault injection: the ways in which real model servers and networks fail.

use crate::timing::duration;
use std::{str::FromStr, time::Duration};

/// The faults of one response. The default has none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// Send this HTTP status instead of an answer.
    pub status: Option<u16>,
    /// Delay the response's head.
    pub slow_head: Duration,
    /// Delay each new connection, one after the other (command line only).
    pub slow_accept: Duration,
    /// Reset the connection after this many pieces.
    pub reset_after: Option<u32>,
    /// Close the connection in the middle of the body, after this many pieces.
    pub close_after: Option<u32>,
    /// Stall after this many pieces.
    pub stall_after: Option<u32>,
    /// Continue after a stall of this length; without it, stall forever.
    pub stall_for: Option<Duration>,
    /// Send an error event after this many pieces, and end without `[DONE]`.
    pub error_after: Option<u32>,
    /// Send an event with cut-off JSON after this many pieces.
    pub malformed_after: Option<u32>,
    /// End without `[DONE]`.
    pub no_done: bool,
    /// Write the last piece, `[DONE]` and the end of the body separately.
    pub done_apart: bool,
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
    /// Inject the faults into every Nth request only.
    pub every: Option<u32>,
}

/// The notation of faults, for messages and `--help`.
pub const NOTATION: &str = "\
429, 500, 503      answer with this status (any from 400 to 599)
slow-head=500ms    wait before the response's head
slow-accept=500ms  let each new connection wait its turn so long (not by header)
reset-after=N      after N pieces, reset the TCP connection
close-after=N      after N pieces, close it in the middle of the body
stall-after=N      after N pieces, send nothing more (stall-for=2s: then go on)
error-after=N      after N pieces, send an error event and end
malformed-after=N  after N pieces, send one with broken JSON
no-done            end without [DONE]
done-apart         write [DONE] and the end of the body apart
split=N            write each event in N parts, 1 ms apart
coalesce=N         write N events at a time
comments=N         put a comment before every Nth event
crlf               end lines with CR LF
cr                 end lines with CR
every=N            inject only into every Nth request";

impl FromStr for Faults {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut faults = Self::default();
        for fault in text
            .split(',')
            .map(str::trim)
            .filter(|fault| !fault.is_empty())
        {
            faults.add(fault)?;
        }
        faults.check()?;
        Ok(faults)
    }
}

impl Faults {
    fn add(&mut self, fault: &str) -> Result<(), String> {
        let (name, value) = match fault.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (fault, None),
        };
        let value = Value { name, text: value };
        match name {
            "slow-head" => self.slow_head = value.duration()?,
            "slow-accept" => self.slow_accept = value.duration()?,
            "reset-after" => self.reset_after = Some(value.number()?),
            "close-after" => self.close_after = Some(value.number()?),
            "stall-after" => self.stall_after = Some(value.number()?),
            "stall-for" => self.stall_for = Some(value.duration()?),
            "error-after" => self.error_after = Some(value.number()?),
            "malformed-after" => self.malformed_after = Some(value.number()?),
            "split" => self.split = Some(value.positive()?),
            "coalesce" => self.coalesce = Some(value.positive()?),
            "comments" => self.comments = Some(value.positive()?),
            "every" => self.every = Some(value.positive()?),
            "no-done" => self.no_done = value.none()?,
            "done-apart" => self.done_apart = value.none()?,
            "crlf" => self.crlf = value.none()?,
            "cr" => self.cr = value.none()?,
            _ => {
                self.status = Some(
                    status(name)
                        .filter(|_| value.text.is_none())
                        .ok_or_else(|| unknown(fault))?,
                )
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        if self.stall_for.is_some() && self.stall_after.is_none() {
            return Err("stall-for says how long a stall is; say when with stall-after=N".into());
        }
        if self.crlf && self.cr {
            return Err("lines end with either crlf or cr".into());
        }
        Ok(())
    }

    /// Returns the faults of request number `n`, counted from 1.
    pub fn for_request(&self, n: u64) -> Self {
        match self.every {
            Some(every) if !n.is_multiple_of(every.into()) => Self::default(),
            _ => self.clone(),
        }
    }
}

fn status(name: &str) -> Option<u16> {
    let status = name.parse().ok()?;
    (400..600).contains(&status).then_some(status)
}

fn unknown(fault: &str) -> String {
    format!("`{fault}` is no known fault; known are:\n{NOTATION}")
}

/// The value of a fault.
struct Value<'a> {
    name: &'a str,
    text: Option<&'a str>,
}

impl Value<'_> {
    fn text(&self, example: &str) -> Result<&str, String> {
        self.text
            .ok_or_else(|| format!("{0} needs a value, as in {0}={example}", self.name))
    }

    fn number(&self) -> Result<u32, String> {
        let text = self.text("5")?;
        text.parse()
            .map_err(|_| format!("{}={text}: a whole number is expected", self.name))
    }

    fn positive(&self) -> Result<u32, String> {
        match self.number()? {
            0 => Err(format!("{}=0: at least 1 is expected", self.name)),
            number => Ok(number),
        }
    }

    fn duration(&self) -> Result<Duration, String> {
        duration(self.text("500ms")?).map_err(|error| format!("{}: {error}", self.name))
    }

    fn none(&self) -> Result<bool, String> {
        match self.text {
            None => Ok(true),
            Some(text) => Err(format!("{} takes no value, but got `{text}`", self.name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parses_each_fault_of_the_notation() {
        for line in NOTATION.lines() {
            let example = line.split("  ").next().unwrap().replace("=N", "=3");
            assert_ne!(
                example.parse::<Faults>().unwrap(),
                Faults::default(),
                "{example}"
            );
        }
    }

    #[test]
    fn combines_faults() {
        let faults: Faults = "reset-after=5, crlf,every=10".parse().unwrap();
        assert_eq!(faults.for_request(20).reset_after, Some(5));
        assert!(faults.for_request(20).crlf);
        assert_eq!(faults.for_request(21), Faults::default());
    }

    #[test]
    fn rejects_bad_faults_with_the_reason() {
        let refusals = [
            ("200", "no known fault"),
            ("429=1", "no known fault"),
            ("reset", "no known fault"),
            ("reset-after", "needs a value, as in reset-after=5"),
            ("reset-after=-1", "a whole number"),
            ("split=0", "at least 1"),
            ("stall-after=1,stall-for=soon", "is not a duration"),
            ("stall-for=1s", "stall-after=N"),
            ("no-done=1", "takes no value"),
            ("crlf,cr", "either crlf or cr"),
        ];
        for (text, reason) in refusals {
            let refusal = text.parse::<Faults>().unwrap_err();
            assert!(refusal.contains(reason), "{text}: {refusal}");
        }
    }

    proptest! {
        #[test]
        fn parses_any_text_without_a_panic(text in ".{0,60}") {
            let _ = text.parse::<Faults>();
        }
    }
}
