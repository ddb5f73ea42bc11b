//! Calls whose instants are known.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Calls getppid(2) every 10 ms, while another thread waits for a line. Then prints when each call
/// was, ns since 1970.
pub fn ticks(wait_for_line: impl Fn() -> usize + Send + Sync + 'static) {
    wait_for_line();
    let is_over = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&is_over);
    let waiting = std::thread::spawn(move || {
        wait_for_line();
        over.store(true, Ordering::Relaxed);
    });
    let mut instants = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        nix::unistd::getppid();
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        instants.push(now.expect("after 1970").as_nanos().to_string());
        std::thread::sleep(Duration::from_millis(10));
    }
    waiting.join().expect("it ends");
    println!("{}", instants.join(" "));
}
