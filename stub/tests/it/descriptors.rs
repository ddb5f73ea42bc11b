//! The stub without free file descriptors.

use crate::support::get;
use std::{net::SocketAddr, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
    time::{Instant, sleep},
};

/// Starts the command with few file descriptors, and returns it with its address.
async fn stub_with_few_descriptors() -> (Child, SocketAddr) {
    let command = format!("ulimit -n 24; exec {}", env!("CARGO_BIN_EXE_stub"));
    let mut child = Command::new("sh")
        .args(["-c", &command])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).await.unwrap();
    let addr = line.trim().strip_prefix("http://").unwrap().parse();
    (child, addr.unwrap())
}

/// Returns the CPU time of a process in clock ticks of 10 ms.
fn cpu_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<_> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[tokio::test]
async fn reports_missing_descriptors_once_a_second_and_recovers() {
    let (mut child, addr) = stub_with_few_descriptors().await;
    let mut sockets = Vec::new();
    for _ in 0..40 {
        sockets.push(TcpStream::connect(addr).await.unwrap());
    }
    let pid = child.id().unwrap();
    let (begin, cpu) = (Instant::now(), cpu_ticks(pid));
    sleep(Duration::from_millis(1500)).await;
    let used = Duration::from_millis(10) * u32::try_from(cpu_ticks(pid) - cpu).unwrap();
    assert!(used < begin.elapsed() / 4, "{used:?} of CPU time");
    drop(sockets);
    assert_eq!(get(addr, "/v1/models").await.status(), 200);
    let elapsed = begin.elapsed();
    child.kill().await.unwrap();
    let mut log = String::new();
    let mut stderr = child.stderr.take().unwrap();
    stderr.read_to_string(&mut log).await.unwrap();
    let lines = log.lines().count();
    assert!(
        (1..=2 + elapsed.as_secs() as usize).contains(&lines),
        "{elapsed:?}: {log}"
    );
    assert!(
        log.contains("Too many open files") && log.contains("ulimit"),
        "{log}"
    );
}
