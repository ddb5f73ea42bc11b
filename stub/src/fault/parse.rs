//! Parses the notation of faults.

use super::{Count, Faults, NOTATION};
use crate::timing::duration;
use std::{str::FromStr, time::Duration};

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
            "retry-after" => self.retry_after = Some(value.duration()?),
            "slow-head" => self.slow_head = value.duration()?,
            "slow-accept" => self.slow_accept = value.duration()?,
            "idle-close" => self.idle_close = Some(value.duration()?),
            "reset-after" => self.reset_after = Some(value.count()?),
            "close-after" => self.close_after = Some(value.count()?),
            "stall-after" => self.stall_after = Some(value.count()?),
            "stall-for" => self.stall_for = Some(value.duration()?),
            "error-after" => self.error_after = Some(value.count()?),
            "malformed-after" => self.malformed_after = Some(value.count()?),
            "goaway-after" => self.goaway_after = Some(value.positive()?),
            "split" => self.split = Some(value.positive()?),
            "coalesce" => self.coalesce = Some(value.positive()?),
            "comments" => self.comments = Some(value.positive()?),
            "every" => self.every = Some(value.positive()?),
            "share" => self.share = Some(value.share()?),
            "no-done" => self.no_done = value.none()?,
            // `done-apart` is the older name.
            "separate-done" | "done-apart" => self.separate_done = value.none()?,
            "crlf" => self.crlf = value.none()?,
            "cr" => self.cr = value.none()?,
            _ => {
                let status = status(name).filter(|_| value.text.is_none());
                self.status = Some(status.ok_or_else(|| unknown(fault))?);
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        if self.stall_for.is_some() && self.stall_after.is_none() {
            return Err("stall-for needs stall-after=N, the start of the stall".into());
        }
        if self.retry_after.is_some() && self.status.is_none() {
            return Err("retry-after needs a status, as in 429,retry-after=2s".into());
        }
        if self.crlf && self.cr {
            return Err("lines end with either crlf or cr".into());
        }
        Ok(())
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
        self.parse_number(self.text("5")?)
    }

    fn parse_number(&self, number: &str) -> Result<u32, String> {
        number
            .parse()
            .map_err(|_| format!("{}={number}: a whole number is expected", self.name))
    }

    fn count(&self) -> Result<Count, String> {
        let Some((low, high)) = self.text("5")?.split_once("..") else {
            let number = self.number()?;
            return Ok(Count {
                low: number,
                high: number,
            });
        };
        let (low, high) = (self.parse_number(low)?, self.parse_number(high)?);
        if low > high {
            return Err(format!(
                "{}={low}..{high}: the lower bound is above the upper",
                self.name
            ));
        }
        Ok(Count { low, high })
    }

    fn positive(&self) -> Result<u32, String> {
        match self.number()? {
            0 => Err(format!("{}=0: at least 1 is expected", self.name)),
            number => Ok(number),
        }
    }

    fn share(&self) -> Result<f64, String> {
        let text = self.text("2%")?;
        let percent: Option<f64> = text.strip_suffix('%').and_then(|text| text.parse().ok());
        percent
            .map(|percent| percent / 100.0)
            .filter(|share| (0.0..=1.0).contains(share))
            .ok_or_else(|| format!("{}={text}: a share from 0% to 100% is expected", self.name))
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
        let faults = NOTATION.lines().take_while(|line| !line.is_empty());
        for line in faults {
            let example = line.split("  ").next().unwrap().replace("=N", "=3");
            let example = match example.as_str() {
                "retry-after=2s" => "429,retry-after=2s".into(),
                _ => example,
            };
            let parsed = example.parse::<Faults>().unwrap();
            assert_ne!(parsed, Faults::default(), "{example}");
        }
    }

    #[test]
    fn documents_each_fault_of_the_notation() {
        let text = include_str!("../../../docs/stub.md");
        let faults = NOTATION.lines().take_while(|line| !line.is_empty());
        for line in faults {
            let fault = line.split("  ").next().unwrap();
            for name in fault.split(", ") {
                assert!(text.contains(&format!("`{name}`")), "{name}");
            }
        }
    }

    #[test]
    fn combines_faults() {
        let faults: Faults = "reset-after=5, crlf,every=10".parse().unwrap();
        let affected = faults.for_request(20, 0);
        assert_eq!(affected.reset_after.map(Count::get), Some(5));
        assert!(affected.crlf);
        assert_eq!(faults.for_request(21, 0), Faults::default());
    }

    #[test]
    fn selects_a_share_of_requests_by_seed() {
        let faults: Faults = "500,share=10%".parse().unwrap();
        let affected = |seed: u64| -> Vec<u64> {
            let is_affected = |n: &u64| faults.for_request(*n, seed).status.is_some();
            (1..=10_000).filter(is_affected).collect()
        };
        assert_eq!(affected(1), affected(1));
        assert_ne!(affected(1), affected(2));
        // Five standard deviations around a tenth.
        assert!(
            (850..=1150).contains(&affected(3).len()),
            "{}",
            affected(3).len()
        );
    }

    #[test]
    fn draws_counts_from_a_range_by_seed() {
        let faults: Faults = "reset-after=3..9".parse().unwrap();
        let count = |n| {
            faults
                .for_request(n, 0)
                .reset_after
                .map(Count::get)
                .unwrap()
        };
        let mut counts: Vec<u32> = (1..=500).map(count).collect();
        assert_eq!(count(1), counts[0]);
        counts.sort_unstable();
        counts.dedup();
        assert_eq!(counts, (3..=9).collect::<Vec<_>>());
    }

    #[test]
    fn chooses_the_first_set_that_applies() {
        let sets = ["429,every=4", "503,every=2", "crlf"].map(|set| set.parse().unwrap());
        let statuses = (1..=4).map(|n| Faults::choose(&sets, n, 0).status);
        let expected = [None, Some(503), None, Some(429)];
        assert_eq!(statuses.collect::<Vec<_>>(), expected);
        assert!(Faults::choose(&sets, 1, 0).crlf);
    }

    #[test]
    fn rejects_bad_faults_with_the_reason() {
        let refusals = [
            ("200", "no known fault"),
            ("429=1", "no known fault"),
            ("reset", "no known fault"),
            ("reset-after", "needs a value, as in reset-after=5"),
            ("reset-after=-1", "a whole number"),
            ("reset-after=5..2", "above the upper"),
            ("reset-after=5..", "a whole number"),
            ("split=0", "at least 1"),
            ("stall-after=1,stall-for=soon", "is not a duration"),
            ("stall-for=1s", "stall-after=N"),
            ("retry-after=1s", "needs a status"),
            ("share=2", "from 0% to 100%"),
            ("share=200%", "from 0% to 100%"),
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
