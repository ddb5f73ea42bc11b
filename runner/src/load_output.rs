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
}

/// How to recognise a program's count in one line of its summary.
struct Tool {
    name: &'static str,
    unit: &'static str,
    count: fn(&str) -> Option<u64>,
}

/// Programs by their lines. Several lines of one program add up: redis-benchmark prints one for
/// each command, oha and hey one for each status.
const TOOLS: [Tool; 7] = [
    Tool {
        name: "wrk",
        unit: "request",
        count: wrk,
    },
    Tool {
        name: "ab",
        unit: "request",
        count: |line| whole(line.strip_prefix("Complete requests:")?),
    },
    Tool {
        name: "k6",
        unit: "request",
        count: |line| k6(line, "http_reqs"),
    },
    Tool {
        name: "k6",
        unit: "iteration",
        count: |line| k6(line, "iterations"),
    },
    Tool {
        name: "redis-benchmark",
        unit: "command",
        count: |line| {
            let (count, rest) = line.split_once(" requests completed in ")?;
            rest.ends_with(" seconds").then_some(())?;
            whole(count)
        },
    },
    Tool {
        name: "pgbench",
        unit: "transaction",
        count: |line| {
            let rest = line.strip_prefix("number of transactions actually processed:")?;
            whole(rest.split('/').next()?)
        },
    },
    Tool {
        name: "hey or oha",
        unit: "request",
        count: status,
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
    let lines = output.split(['\n', '\r']).map(str::trim);
    let counts = lines.filter_map(tool.count);
    let count = counts.reduce(u64::saturating_add)?;
    Some(LoadCount {
        tool: tool.name,
        unit: tool.unit,
        count,
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
    let of = |tool, unit, count| LoadCount { tool, unit, count };
    if let Some(statuses) = summary["statusCodeDistribution"].as_object() {
        let count = statuses.values().filter_map(Value::as_u64).sum();
        return Some(of("oha", "request", count));
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
mod tests {
    use super::*;

    fn found(output: &str) -> (&'static str, &'static str, u64) {
        let found = count(output).expect("a known program");
        (found.tool, found.unit, found.count)
    }

    #[test]
    fn counts_requests_of_wrk() {
        let output = "Running 30s test @ http://127.0.0.1:8080/index.html
  12 threads and 400 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   635.91us    0.89ms  12.92ms   93.69%
    Req/Sec    56.20k     8.07k   62.00k    86.54%
  22464657 requests in 30.00s, 17.76GB read
  Non-2xx or 3xx responses: 3
Requests/sec: 748868.53
Transfer/sec:    606.33MB";
        assert_eq!(found(output), ("wrk", "request", 22_464_657));
    }

    #[test]
    fn counts_requests_of_ab() {
        let output = "Concurrency Level:      10
Time taken for tests:   1.234 seconds
Complete requests:      10000
Failed requests:        0
Requests per second:    8103.7 [#/sec] (mean)";
        assert_eq!(found(output), ("ab", "request", 10_000));
    }

    #[test]
    fn counts_requests_and_iterations_of_k6() {
        let output = "     http_req_waiting...............: avg=1.2ms  min=0.1ms\n     \
                      http_reqs......................: 12345   205.738/s\n     \
                      iteration_duration.............: avg=101ms\n     \
                      iterations.....................: 6172    102.8/s";
        assert_eq!(found(output), ("k6", "request", 12_345));
        let without_http = "    iterations.....................: 6172    102.8/s";
        assert_eq!(found(without_http), ("k6", "iteration", 6_172));
    }

    #[test]
    fn adds_up_the_commands_of_redis_benchmark() {
        let output = "SET: rps=81234.0 (overall: 80000.0) avg_msec=0.3 (overall: 0.3)\r      \r====== SET ======
  100000 requests completed in 1.22 seconds
  50 parallel clients
  3 bytes payload
  keep alive: 1

====== GET ======
  100000 requests completed in 1.10 seconds
";
        assert_eq!(found(output), ("redis-benchmark", "command", 200_000));
    }

    #[test]
    fn counts_transactions_of_pgbench() {
        let by_time = "pgbench (15.18 (Debian 15.18-0+deb12u1))
transaction type: <builtin: TPC-B (sort of)>
scaling factor: 1
query mode: prepared
number of clients: 10
number of threads: 1
maximum number of tries: 1
duration: 5 s
number of transactions actually processed: 4711
number of failed transactions: 0 (0.000%)
latency average = 10.6 ms
tps = 942.1 (without initial connection time)";
        assert_eq!(found(by_time), ("pgbench", "transaction", 4_711));
        let by_number = "number of transactions actually processed: 1000/1000";
        assert_eq!(found(by_number), ("pgbench", "transaction", 1_000));
    }

    #[test]
    fn adds_up_the_statuses_of_hey_and_oha() {
        let output = "Summary:
  Total:\t10.0023 secs
  Requests/sec:\t5123.4

Status code distribution:
  [200]\t51000 responses
  [503]\t234 responses

Error distribution:
  [10]\taborted due to deadline";
        assert_eq!(found(output), ("hey or oha", "request", 51_234));
    }

    #[test]
    fn reads_json_summaries() {
        let oha = r#"{"summary":{"successRate":1.0,"total":5.0},"statusCodeDistribution":{"200":70,"404":1}}"#;
        assert_eq!(found(oha), ("oha", "request", 71));
        let k6 = r#"warning: x
{"metrics":{"http_reqs":{"count":9,"rate":3.1},"iterations":{"count":3}}}"#;
        assert_eq!(found(k6), ("k6", "request", 9));
        let with_values = r#"{"metrics":{"iterations":{"type":"counter","values":{"count":4}}}}"#;
        assert_eq!(found(with_values), ("k6", "iteration", 4));
        let ours = r#"{"schema":"kontrast.load/1","requests":{"completed":12}}"#;
        assert_eq!(found(ours), ("loadgen", "request", 12));
    }

    #[test]
    fn rejects_output_without_a_count() {
        for output in [
            "",
            "SET: 81300.81 requests per second, p50=0.303 msec",
            "1000 requests in flight",
            "http_reqs_failed: 3 1/s",
            "[2000] 5 responses",
            "Complete requests: many",
            "{\"requests\":{\"completed\":12}}",
            "} {",
        ] {
            assert_eq!(count(output), None, "{output:?}");
        }
    }
}
