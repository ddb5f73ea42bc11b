//! The count of work in the output of a load generator that the user brings.
//!
//! Recognised are wrk, oha, hey, ab, k6, redis-benchmark and pgbench, by the lines of their
//! summaries, and the JSON summaries of oha, k6 and this repository's loadgen.

use serde_json::Value;

/// Units of work that a load generator completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadCount {
    /// The program, as its output identifies it.
    pub tool: &'static str,
    /// Name of one unit.
    pub unit: &'static str,
    /// Units completed.
    pub count: u64,
    /// Units among these that the server answered with an error.
    pub failed: u64,
}

impl LoadCount {
    /// Returns why the count is no work: more than one unit in a hundred failed. A page that is
    /// missing costs a server little, and says nothing about the page that was meant.
    pub fn objection(&self) -> Option<String> {
        let (tool, unit, count, failed) = (self.tool, self.unit, self.count, self.failed);
        (failed > count / 100).then(|| {
            format!(
                "{tool} counted {failed} of {count} {unit}s as failed: check the URL of the load, see load.log"
            )
        })
    }
}

/// How to recognise a program's count in one line of its summary.
struct Tool {
    name: &'static str,
    unit: &'static str,
    count: fn(&str) -> Option<u64>,
    /// The same of units that failed.
    failed: fn(&str) -> Option<u64>,
}

fn never(_: &str) -> Option<u64> {
    None
}

/// Programs by their lines. Several lines of one program add up: redis-benchmark prints one for
/// each command, oha and hey one for each status.
const TOOLS: [Tool; 7] = [
    Tool {
        name: "wrk",
        unit: "request",
        count: wrk,
        failed: |line| whole(line.strip_prefix("Non-2xx or 3xx responses:")?),
    },
    Tool {
        name: "ab",
        unit: "request",
        count: |line| whole(line.strip_prefix("Complete requests:")?),
        failed: |line| whole(line.strip_prefix("Non-2xx responses:")?),
    },
    Tool {
        name: "k6",
        unit: "request",
        count: |line| k6(line, "http_reqs"),
        failed: k6_failed,
    },
    Tool {
        name: "k6",
        unit: "iteration",
        count: |line| k6(line, "iterations"),
        failed: never,
    },
    Tool {
        name: "redis-benchmark",
        unit: "command",
        count: |line| {
            let (count, rest) = line.split_once(" requests completed in ")?;
            rest.ends_with(" seconds").then_some(())?;
            whole(count)
        },
        failed: never,
    },
    Tool {
        name: "pgbench",
        unit: "transaction",
        count: |line| {
            let rest = line.strip_prefix("number of transactions actually processed:")?;
            whole(rest.split('/').next()?)
        },
        // Its count has none that failed.
        failed: never,
    },
    Tool {
        name: "hey or oha",
        unit: "request",
        count: status,
        failed: |line| {
            let code: u32 = line.get(1..4)?.parse().ok()?;
            status(line).filter(|_| is_error(code))
        },
    },
];

/// Returns the units that a load generator completed, by its output; `None` where no known program
/// wrote it.
pub fn count(output: &str) -> Option<LoadCount> {
    let found = TOOLS.iter().find_map(|tool| of_tool(tool, output));
    found.or_else(|| json(output))
}

fn of_tool(tool: &Tool, output: &str) -> Option<LoadCount> {
    // Progress is written over itself with carriage returns.
    let lines = || output.split(['\n', '\r']).map(str::trim);
    let counts = lines().filter_map(tool.count);
    let count = counts.reduce(u64::saturating_add)?;
    let failed = lines().filter_map(tool.failed).fold(0, u64::saturating_add);
    Some(LoadCount {
        tool: tool.name,
        unit: tool.unit,
        count,
        failed,
    })
}

fn whole(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// `22464657 requests in 30.00s, 17.76GB read`
fn wrk(line: &str) -> Option<u64> {
    let (count, rest) = line.split_once(" requests in ")?;
    rest.ends_with(" read").then_some(())?;
    whole(count)
}

/// `http_reqs......................: 12345  205.7/s`
fn k6(line: &str, metric: &str) -> Option<u64> {
    let (name, values) = line.split_once(':')?;
    let rest = name.strip_prefix(metric)?;
    rest.trim_matches('.').is_empty().then_some(())?;
    let mut values = values.split_whitespace();
    let count = whole(values.next()?)?;
    values.next()?.ends_with("/s").then_some(count)
}

/// `http_req_failed................: 1.50%  185 out of 12345`; older versions have a mark before
/// each number.
fn k6_failed(line: &str) -> Option<u64> {
    let (name, values) = line.split_once(':')?;
    let rest = name.strip_prefix("http_req_failed")?;
    rest.trim_matches('.').is_empty().then_some(())?;
    let mut words = values.split_whitespace();
    words.next()?.strip_suffix('%')?;
    whole(words.find(|word| *word != "✓")?)
}

/// Returns whether an HTTP status is that of an error.
fn is_error(code: u32) -> bool {
    code >= 400
}

/// `[200] 512345 responses`
fn status(line: &str) -> Option<u64> {
    let (status, rest) = line.strip_prefix('[')?.split_once(']')?;
    let is_status = status.len() == 3 && status.bytes().all(|digit| digit.is_ascii_digit());
    is_status.then_some(())?;
    whole(rest.trim().strip_suffix(" responses")?)
}

/// Returns the count of a JSON summary, which may stand between other lines.
fn json(output: &str) -> Option<LoadCount> {
    let (start, end) = (output.find('{')?, output.rfind('}')?);
    let summary: Value = serde_json::from_str(output.get(start..=end)?).ok()?;
    let of = |tool, unit, count| LoadCount {
        tool,
        unit,
        count,
        failed: 0,
    };
    if let Some(statuses) = summary["statusCodeDistribution"].as_object() {
        let count = statuses.values().filter_map(Value::as_u64).sum();
        let failed = statuses
            .iter()
            .filter(|(code, _)| code.parse().is_ok_and(is_error));
        return Some(LoadCount {
            failed: failed.filter_map(|(_, count)| count.as_u64()).sum(),
            ..of("oha", "request", count)
        });
    }
    let k6 = |metric: &str| {
        let metric = &summary["metrics"][metric];
        let count = metric
            .get("count")
            .or_else(|| metric["values"].get("count"));
        count.and_then(Value::as_u64)
    };
    if let Some(count) = k6("http_reqs") {
        return Some(of("k6", "request", count));
    }
    if let Some(count) = k6("iterations") {
        return Some(of("k6", "iteration", count));
    }
    let is_ours = summary["schema"] == recording::LOAD_SCHEMA;
    let completed = summary["requests"]["completed"].as_u64();
    completed
        .filter(|_| is_ours)
        .map(|count| of("loadgen", "request", count))
}

#[cfg(test)]
mod tests;
