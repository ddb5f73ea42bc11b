//! What the fault really did, counted where it happens. It is read at `/planted`, and written to `$PLANTED_LOG/PID.jsonl`
//! ten times a second, so that whoever recorded a part of the run can look up what happened in that part.

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

/// Between two lines of the log.
const EVERY: Duration = Duration::from_millis(100);

static NAME: OnceLock<(String, u64)> = OnceLock::new();
static TOKENS: AtomicU64 = AtomicU64::new(0);
static COUNT: AtomicU64 = AtomicU64::new(0);
static CPU_NS: AtomicU64 = AtomicU64::new(0);
static WAIT_NS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
/// Threads that do nothing but what is planted.
static THREADS: Mutex<Vec<i32>> = Mutex::new(Vec::new());

/// Remembers what is planted, and begins the log if there is to be one.
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

/// Everything so far.
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

/// One token goes out.
pub fn token() {
    TOKENS.fetch_add(1, Relaxed);
}

/// So many occurrences of what is planted.
pub fn count(occurrences: u64) {
    COUNT.fetch_add(occurrences, Relaxed);
}

/// So many bytes.
pub fn bytes(bytes: u64) {
    BYTES.fetch_add(bytes, Relaxed);
}

/// Does something and adds the CPU time that it took on this thread.
pub fn on_cpu<T>(work: impl FnOnce() -> T) -> T {
    let before = thread_time();
    let result = work();
    CPU_NS.fetch_add((thread_time() - before).as_nanos() as u64, Relaxed);
    result
}

/// Waits for something and adds how long.
pub fn wait<T>(wait: impl FnOnce() -> T) -> T {
    let before = Instant::now();
    let result = wait();
    WAIT_NS.fetch_add(before.elapsed().as_nanos() as u64, Relaxed);
    result
}

/// CPU time of this thread as the kernel counts it.
pub fn thread_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// All that this thread does is planted: its CPU time counts.
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

/// What the kernel says of a thread: its time on a CPU, and its time waiting for one.
fn schedstat(tid: i32) -> [u64; 2] {
    let text = fs::read_to_string(format!("/proc/self/task/{tid}/schedstat")).unwrap_or_default();
    let mut fields = text.split(' ').map(|field| field.parse().unwrap_or(0));
    [(); 2].map(|()| fields.next().unwrap_or(0))
}
