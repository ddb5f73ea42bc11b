//! Tests of summaries of load generators.

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
    let output =
        "SET: rps=81234.0 (overall: 80000.0) avg_msec=0.3 (overall: 0.3)\r      \r====== SET ======
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

#[test]
fn objects_to_requests_that_failed() {
    let wrk = "1000 requests in 1.00s, 1.00MB read\nNon-2xx or 3xx responses: ";
    let ab = "Complete requests: 1000\nNon-2xx responses: ";
    let hey = "[200] 1000 responses\n[404] ";
    let k6 = "http_req_failed......: 1.00% ✓ ";
    for (failed, objects) in [(10, false), (11, true)] {
        let outputs = [
            format!("{wrk}{failed}"),
            format!("{ab}{failed}"),
            format!("{hey}{failed} responses"),
            format!("{k6}{failed} ✗ 990\nhttp_reqs....: 1000 9.0/s"),
            format!(r#"{{"statusCodeDistribution": {{"200": 1000, "500": {failed}}}}}"#),
        ];
        for output in outputs {
            let found = count(&output).expect("a known program");
            assert_eq!(found.failed, failed, "{output}");
            assert_eq!(found.objection().is_some(), objects, "{output}");
        }
    }
    let recent = "http_req_failed....: 1.50%  185 out of 12345\nhttp_reqs....: 12345 9.0/s";
    assert_eq!(count(recent).map(|found| found.failed), Some(185));
    let iterations = "iterations...: 6172 102.8/s";
    assert_eq!(count(iterations).and_then(|found| found.objection()), None);
}
