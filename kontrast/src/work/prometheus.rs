//! A metric in the Prometheus text format, read over HTTP.
//!
//! The reader is small on purpose: it needs one counter, summed over the label sets that match, and
//! the crates for the format bring a regular-expression engine and a calendar.

use anyhow::{Context, Result, bail};
use runner::http;
use std::fmt;
use std::io::{self, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Time for one reading.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most bytes of a page; the largest exporters send a few MiB.
const MOST: usize = 32 << 20;

/// Address and name of a metric: `http://HOST:PORT/PATH#NAME{LABEL="VALUE"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    authority: String,
    path: String,
    name: String,
    /// Labels that a series must have.
    labels: Vec<(String, String)>,
}

impl FromStr for Metric {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write it as prometheus:http://HOST:PORT/metrics#METRIC";
        let (url, metric) = text.split_once('#').ok_or(form)?;
        let rest = url
            .strip_prefix("http://")
            .ok_or_else(|| format!("{url:?} is no http:// URL; for https use command:curl …"))?;
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/metrics"),
        };
        let is_plain = |c: char| c.is_ascii_graphic() && c != '@';
        if authority.is_empty() || !authority.chars().all(is_plain) {
            return Err(format!("{authority:?} is no HOST:PORT"));
        }
        if !path.chars().all(|c| c.is_ascii_graphic()) {
            return Err(format!("{path:?} is no path of a URL"));
        }
        let (name, labels) = match metric.split_once('{') {
            Some((name, rest)) => {
                let inner = rest
                    .strip_suffix('}')
                    .ok_or("the } after the labels is missing")?;
                let labels = parse_labels(inner).ok_or_else(|| {
                    format!("{inner:?} are no labels, as in method=\"GET\",code=\"200\"")
                })?;
                (name, labels)
            }
            None => (metric, Vec::new()),
        };
        if !is_name(name) {
            return Err(format!("{name:?} is no name of a metric"));
        }
        let port = if has_port(authority) { "" } else { ":80" };
        Ok(Metric {
            authority: format!("{authority}{port}"),
            path: path.into(),
            name: name.into(),
            labels,
        })
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "http://{}{}#{}", self.authority, self.path, self.name)?;
        let labels = self.labels.iter();
        let labels: Vec<String> = labels
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        match labels.is_empty() {
            true => Ok(()),
            false => write!(out, "{{{}}}", labels.join(",")),
        }
    }
}

/// Whether the authority ends in a port. The colons of an IPv6 address are in brackets.
fn has_port(authority: &str) -> bool {
    let after = authority
        .rsplit_once(']')
        .map_or(authority, |(_, after)| after);
    after.contains(':')
}

fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    !name.is_empty() && name.chars().all(letter) && !name.starts_with(|c: char| c.is_ascii_digit())
}

impl Metric {
    /// Reads the metric.
    ///
    /// # Errors
    /// Fails without an answer, without the metric, or with a value that is no count.
    pub fn read(&self) -> Result<f64> {
        let page = self
            .fetch()
            .with_context(|| format!("cannot read {self}"))?;
        let page = String::from_utf8_lossy(&page);
        self.find(&page).map_err(anyhow::Error::msg)
    }

    fn fetch(&self) -> Result<Vec<u8>> {
        let mut addresses = self.authority.to_socket_addrs().context("no such host")?;
        let address = addresses.next().context("no such host")?;
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE).context("no connection")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        // An answer to HTTP/1.0 comes in one piece: its encoding is never chunked.
        let request = format!(
            "GET {} HTTP/1.0\r\nhost: {}\r\naccept: text/plain\r\n\r\n",
            self.path, self.authority
        );
        stream.write_all(request.as_bytes())?;
        let until = Instant::now() + PATIENCE;
        let in_time = |_: &[u8]| match Instant::now() < until {
            true => Ok(false),
            false => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the answer takes too long",
            )),
        };
        let mut bytes = http::read_up_to(&mut stream, MOST, in_time)?;
        let head = http::head(&bytes)?.context("no HTTP answer")?;
        if head.status != 200 {
            bail!("status {}", head.status);
        }
        let body = bytes.split_off(head.length);
        match head.content_length {
            Some(length) if body.len() < length => bail!("the answer is incomplete"),
            _ => Ok(body),
        }
    }

    /// Returns the sum over the series that match.
    fn find(&self, page: &str) -> Result<f64, String> {
        let mut sum = None;
        for line in page.lines() {
            let Some((name, labels, value)) = sample(line) else {
                continue;
            };
            let has = |wanted: &(String, String)| labels.contains(wanted);
            if name != self.name || !self.labels.iter().all(has) {
                continue;
            }
            let value: f64 = value
                .parse()
                .ok()
                .filter(|value: &f64| value.is_finite() && *value >= 0.0)
                .ok_or_else(|| format!("{self} has the value {value:?}, which is no count"))?;
            *sum.get_or_insert(0.0) += value;
        }
        sum.ok_or_else(|| {
            format!(
                "there is no metric {} at http://{}{}",
                self.shown(),
                self.authority,
                self.path
            )
        })
    }

    fn shown(&self) -> String {
        let text = self.to_string();
        text.split_once('#')
            .map_or(String::new(), |(_, metric)| metric.into())
    }
}

type Labels = Vec<(String, String)>;

/// Splits a line of the format into name, labels and value; `None` for comments and other lines.
fn sample(line: &str) -> Option<(&str, Labels, &str)> {
    let line = line.trim();
    let end = line.find(|c: char| c == '{' || c.is_whitespace())?;
    let (name, rest) = line.split_at(end);
    if !is_name(name) {
        return None;
    }
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => {
            let end = end_of_labels(rest)?;
            (parse_labels(&rest[..end])?, &rest[end + 1..])
        }
        None => (Labels::new(), rest),
    };
    Some((name, labels, rest.split_whitespace().next()?))
}

/// Returns the place of the brace that ends labels; values may hold braces too.
fn end_of_labels(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '}' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// Parses `a="x",b="y"`, with the format's three escapes.
fn parse_labels(text: &str) -> Option<Labels> {
    let mut labels = Labels::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start().strip_prefix('"')?;
        let (value, after) = quoted(after)?;
        if !is_name(name.trim()) {
            return None;
        }
        labels.push((name.trim().into(), value));
        rest = after.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if rest.is_empty() => rest,
            None => return None,
        };
    }
    Some(labels)
}

/// Returns a quoted value and what follows its quotation mark.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match letters.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests;
