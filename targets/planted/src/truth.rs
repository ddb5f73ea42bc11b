//! The true cost of the fault, counted where it happens. `/planted` returns it, and the server
//! appends it to `$PLANTED_LOG/PID.jsonl` ten times a second, so that a recording of a part of the
//! run can be compared with it.

use anyhow::Context;
use nix::{
    time::{ClockId, clock_gettime},
    unistd::gettid,
};
use serde_json::json;
use std::{
    env,
    fs::{self, File},
    io::Write,
    path::Path,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    sync::{Mutex, OnceLock},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Time between two lines of the log.
const EVERY: Duration = Duration::from_millis(100);

static NAME: OnceLock<(String, u64)> = OnceLock::new();
static TOKENS: AtomicU64 = AtomicU64::new(0);
static COUNT: AtomicU64 = AtomicU64::new(0);
static CPU_NS: AtomicU64 = AtomicU64::new(0);
static WAIT_NS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
/// Threads that only run the fault.
static THREADS: Mutex<Vec<i32>> = Mutex::new(Vec::new());

/// Stores the fault's name, and starts the log if one is configured.
pub fn keep(name: &str, dose: u64) -> anyhow::Result<()> {
    NAME.get_or_init(|| (name.to_owned(), dose));
    let Some(folder) = env::var_os("PLANTED_LOG") else {
        return Ok(());
    };
    fs::create_dir_all(&folder)?;
    let path = Path::new(&folder).join(format!("{}.jsonl", std::process::id()));
    let mut file = File::create(&path).with_context(|| path.display().to_string())?;
    thread::Builder::new()
        .name("truth".to_owned())
        .spawn(move || {
            while writeln!(file, "{}", now()).is_ok() {
                thread::sleep(EVERY);
            }
        })?;
    Ok(())
}

/// Returns all counters.
pub fn now() -> serde_json::Value {
    let (cause, dose) = NAME.get().cloned().unwrap_or_default();
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    json!({
        "cause": cause,
        "dose": dose,
        "unix_ns": since.map_or(0, |since| since.as_nanos() as u64),
        "tokens": TOKENS.load(Relaxed),
        "count": COUNT.load(Relaxed),
        "cpu_ns": CPU_NS.load(Relaxed) + threads_ns(),
        "wait_ns": WAIT_NS.load(Relaxed),
        "bytes": BYTES.load(Relaxed),
        "run_delay_ns": schedstat(std::process::id() as i32)[1],
    })
}

/// Counts a token.
pub fn token() {
    TOKENS.fetch_add(1, Relaxed);
}

/// Counts occurrences of the fault.
pub fn count(occurrences: u64) {
    COUNT.fetch_add(occurrences, Relaxed);
}

/// Counts bytes.
pub fn bytes(bytes: u64) {
    BYTES.fetch_add(bytes, Relaxed);
}

/// Runs work and adds its CPU time on this thread.
pub fn on_cpu<T>(work: impl FnOnce() -> T) -> T {
    let before = thread_time();
    let result = work();
    CPU_NS.fetch_add((thread_time() - before).as_nanos() as u64, Relaxed);
    result
}

/// Waits for something and adds the waiting time.
pub fn wait<T>(wait: impl FnOnce() -> T) -> T {
    let before = Instant::now();
    let result = wait();
    WAIT_NS.fetch_add(before.elapsed().as_nanos() as u64, Relaxed);
    result
}

/// Returns the CPU time of this thread from the kernel.
pub fn thread_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// Registers this thread as part of the fault: all of its CPU time counts.
pub fn whole_thread() {
    if let Ok(mut threads) = THREADS.lock() {
        threads.push(gettid().as_raw());
    }
}

fn threads_ns() -> u64 {
    let threads = THREADS.lock().map(|threads| threads.clone());
    let times = threads.into_iter().flatten().map(|tid| schedstat(tid)[0]);
    times.sum()
}

/// Returns a thread's on-CPU time and run-queue wait from `schedstat`.
fn schedstat(tid: i32) -> [u64; 2] {
    let text = fs::read_to_string(format!("/proc/self/task/{tid}/schedstat")).unwrap_or_default();
    let mut fields = text.split(' ').map(|field| field.parse().unwrap_or(0));
    [(); 2].map(|()| fields.next().unwrap_or(0))
}
