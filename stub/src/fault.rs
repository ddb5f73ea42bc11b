//! Faults on request: the ways in which real model servers and the networks before them misbehave.

use crate::timing::duration;
use std::{str::FromStr, time::Duration};

/// What goes wrong in an answer. The default is: nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// Answer with this HTTP error instead.
    pub status: Option<u16>,
    /// Wait before the response's head.
    pub slow_head: Duration,
    /// Let each new connection wait so long, one after the other (command line only).
    pub slow_accept: Duration,
    /// After so many pieces, reset the connection.
    pub reset_after: Option<u32>,
    /// After so many pieces, close the connection in the middle of the body.
    pub close_after: Option<u32>,
    /// After so many pieces, send nothing more…
    pub stall_after: Option<u32>,
    /// …for this long, or for ever.
    pub stall_for: Option<Duration>,
    /// After so many pieces, send an error event and end without `[DONE]`.
    pub error_after: Option<u32>,
    /// After so many pieces, send one whose JSON is cut off.
    pub malformed_after: Option<u32>,
    /// End without `[DONE]`.
    pub no_done: bool,
    /// Write `[DONE]`, and then the end of the body, apart from the last piece.
    pub done_apart: bool,
    /// Write each event in so many parts, a millisecond apart.
    pub split: Option<u32>,
    /// Write so many events at a time.
    pub coalesce: Option<u32>,
    /// Put a comment before every so many-th event.
    pub comments: Option<u32>,
    /// End lines as Windows does.
    pub crlf: bool,
    /// End lines with CR alone.
    pub cr: bool,
    /// Only every so many-th request is hurt.
    pub every: Option<u32>,
}

/// The notation, for messages and for `--help`.
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
every=N            hurt only every Nth request";

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

    /// The faults of request number `n`, counted from 1.
    pub fn of_request(&self, n: u64) -> Self {
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

/// What follows a fault's name.
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
    fn each_fault_of_the_notation_is_understood() {
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
    fn faults_combine() {
        let faults: Faults = "reset-after=5, crlf,every=10".parse().unwrap();
        assert_eq!(faults.of_request(20).reset_after, Some(5));
        assert!(faults.of_request(20).crlf);
        assert_eq!(faults.of_request(21), Faults::default());
    }

    #[test]
    fn bad_faults_are_refused_with_the_reason() {
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
        fn no_text_makes_the_parser_panic(text in ".{0,60}") {
            let _ = text.parse::<Faults>();
        }
    }
}
