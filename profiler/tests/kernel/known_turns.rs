//! A wait for a lock in turns that time limits end, as runtimes wait for theirs.

#![expect(
    unsafe_code,
    reason = "the standard library gives no time limit to a lock"
)]

use super::known_waits::{Turns, named};
use nix::libc::{FUTEX_PRIVATE_FLAG, FUTEX_WAIT, FUTEX_WAKE, SYS_futex, syscall, time_t, timespec};
use std::ptr::null;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

/// Turns of a wait that a time limit ends.
const LIMITED: usize = 2;

/// A lock of a runtime.
#[derive(Default)]
struct Lock {
    /// 1 while it is held.
    held: AtomicU32,
    /// Turns that a time limit ended.
    limited: AtomicUsize,
}

impl Lock {
    /// Waits for the lock in turns, and takes it. The name is that of other locks' functions that
    /// wait.
    #[inline(never)]
    fn lock_contended(&self, length: Duration) {
        let limit = timespec {
            tv_sec: length.as_secs() as time_t,
            tv_nsec: length.subsec_nanos().into(),
        };
        let mut turns = 0;
        while self.held.swap(1, Ordering::SeqCst) == 1 {
            // The last turn has no limit.
            let limit = if turns < LIMITED {
                &raw const limit
            } else {
                null()
            };
            let wait = FUTEX_WAIT | FUTEX_PRIVATE_FLAG;
            // SAFETY: the kernel reads `held` and the limit, which both live through the call.
            if unsafe { syscall(SYS_futex, self.held.as_ptr(), wait, 1, limit) } != 0 {
                turns += 1;
                self.limited.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    #[inline(never)]
    fn unlock(&self) {
        self.held.store(0, Ordering::SeqCst);
        let wake = FUTEX_WAKE | FUTEX_PRIVATE_FLAG;
        // SAFETY: the kernel uses the address of `held` alone.
        unsafe { syscall(SYS_futex, self.held.as_ptr(), wake, 1) };
    }
}

/// Lets a thread wait `times` times for a lock: two turns of `length` that a time limit ends, and a
/// third one, at least as long, that the holder ends.
pub fn turns(times: usize, length: Duration) {
    let lock = Arc::new(Lock::default());
    let turns = Arc::new(Turns::default());
    let (go, next) = std::sync::mpsc::channel::<()>();
    let waiter = {
        let (lock, turns) = (Arc::clone(&lock), Arc::clone(&turns));
        named("waiter", move || {
            while next.recv().is_ok() {
                turns.begin();
                lock.lock_contended(length);
                lock.unlock();
                turns.end();
            }
        })
    };
    let holder = named("holder", move || {
        for turn in 0..times {
            lock.lock_contended(length);
            go.send(()).expect("it listens");
            while lock.limited.load(Ordering::SeqCst) < LIMITED * (turn + 1) {
                sleep(Duration::from_millis(1));
            }
            turns.until_asleep(turn, SYS_futex);
            sleep(length);
            lock.unlock();
            turns.until_ended(turn);
        }
    });
    holder.join().expect("it ends");
    waiter.join().expect("it ends");
}
