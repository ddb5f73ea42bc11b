//! Known waits: for a lock, for a condition, and for data from another thread.

use nix::fcntl::{Flock, FlockArg};
use nix::libc::{SYS_flock, SYS_futex, SYS_read};
use std::fs::{File, read_to_string};
use std::io::{Write, pipe};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle, sleep, yield_now};
use std::time::Duration;

/// Waits until a thread of this process sleeps in a system call.
fn until_asleep_in(tid: u32, call: i64) {
    let path = format!("/proc/self/task/{tid}/syscall");
    let call = format!("{call} ");
    // A thread that runs has no line with a number.
    while !read_to_string(&path).is_ok_and(|line| line.starts_with(&call)) {
        yield_now();
    }
}

pub fn named(name: &str, act: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let thread = Builder::new().name(name.into()).spawn(act);
    thread.expect("a thread starts")
}

fn own_tid() -> u32 {
    nix::unistd::gettid().as_raw().cast_unsigned()
}

/// The id of a thread, and how many of its turns have begun and ended.
#[derive(Default)]
pub struct Turns {
    tid: AtomicU32,
    begun: AtomicUsize,
    ended: AtomicUsize,
}

impl Turns {
    /// Begins a turn. Nothing but the planted wait comes after it.
    pub fn begin(&self) {
        self.tid.store(own_tid(), Ordering::SeqCst);
        self.begun.fetch_add(1, Ordering::SeqCst);
    }

    /// Ends a turn.
    pub fn end(&self) {
        self.ended.fetch_add(1, Ordering::SeqCst);
    }

    /// Waits until a turn has ended.
    pub fn until_ended(&self, turn: usize) {
        while self.ended.load(Ordering::SeqCst) <= turn {
            yield_now();
        }
    }

    /// Waits until the planted wait of a turn has begun.
    pub fn until_asleep(&self, turn: usize, call: i64) {
        while self.begun.load(Ordering::SeqCst) <= turn {
            yield_now();
        }
        until_asleep_in(self.tid.load(Ordering::SeqCst), call);
    }
}

/// Lets a thread wait `times` times for a lock that another one holds for `length` meanwhile.
pub fn locks(times: usize, length: Duration) {
    let lock = Arc::new(Mutex::new(()));
    let turns = Arc::new(Turns::default());
    let (go, next) = channel::<()>();
    let waiter = {
        let (lock, turns) = (Arc::clone(&lock), Arc::clone(&turns));
        named("waiter", move || {
            while next.recv().is_ok() {
                turns.begin();
                take_the_lock(&lock);
                turns.end();
            }
        })
    };
    let holder = named("holder", move || {
        for turn in 0..times {
            let held = lock.lock().expect("not poisoned");
            go.send(()).expect("it listens");
            turns.until_asleep(turn, SYS_futex);
            sleep(length);
            release_the_lock(held);
            turns.until_ended(turn);
        }
    });
    holder.join().expect("it ends");
    waiter.join().expect("it ends");
}

#[inline(never)]
fn take_the_lock(lock: &Mutex<()>) {
    drop(std::hint::black_box(lock.lock().expect("not poisoned")));
}

#[inline(never)]
fn release_the_lock(held: std::sync::MutexGuard<'_, ()>) {
    drop(std::hint::black_box(held));
}

/// Lets a thread wait `times` times for a byte that another one writes to a pipe.
pub fn passes(times: usize, length: Duration) {
    let (from, to) = pipe().expect("a pipe");
    hand_over(times, length, from, to);
}

/// Lets a thread read `times` bytes, one at a time, and another one write each of them `length`
/// after the reader fell asleep.
fn hand_over(
    times: usize,
    length: Duration,
    from: impl AsFd + Send + 'static,
    mut to: impl Write + Send + 'static,
) {
    let turns = Arc::new(Turns::default());
    let reader = {
        let turns = Arc::clone(&turns);
        named("reader", move || {
            for _ in 0..times {
                turns.begin();
                nix::unistd::read(&from, &mut [0]).expect("a byte");
            }
        })
    };
    let writer = named("writer", move || {
        for turn in 0..times {
            turns.until_asleep(turn, SYS_read);
            sleep(length);
            to.write_all(&[1]).expect("written");
        }
    });
    writer.join().expect("it ends");
    reader.join().expect("it ends");
}

/// Lets a thread wait `times` times for the lock of a file that another one holds for `length`
/// meanwhile.
pub fn file_locks(path: &str, times: usize, length: Duration) {
    let turns = Arc::new(Turns::default());
    let (go, next) = channel::<()>();
    let lock = |file: File| {
        let lock = Flock::lock(file, FlockArg::LockExclusive);
        lock.map_err(|(_, error)| error).expect("locked")
    };
    let open = || File::open(path).expect("the file");
    let waiter = {
        let (turns, file) = (Arc::clone(&turns), open());
        named("waiter", move || {
            let mut file = Some(file);
            while next.recv().is_ok() {
                turns.begin();
                let locked = lock(file.take().expect("back again"));
                file = Some(
                    locked
                        .unlock()
                        .map_err(|(_, error)| error)
                        .expect("unlocked"),
                );
                turns.end();
            }
            // It stays open, so that its descriptor leads to its path.
            std::mem::forget(file);
        })
    };
    let holder = {
        let mut file = Some(open());
        named("holder", move || {
            for turn in 0..times {
                let locked = lock(file.take().expect("back again"));
                go.send(()).expect("it listens");
                turns.until_asleep(turn, SYS_flock);
                sleep(length);
                file = Some(
                    locked
                        .unlock()
                        .map_err(|(_, error)| error)
                        .expect("unlocked"),
                );
                turns.until_ended(turn);
            }
        })
    };
    holder.join().expect("it ends");
    waiter.join().expect("it ends");
}

/// Lets a thread wait `times` times for a byte of a peer at 127.0.0.77.
pub fn answers(times: usize, length: Duration) {
    let listener = TcpListener::bind("127.0.0.77:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let from = TcpStream::connect(address).expect("it listens");
    let (to, _) = listener.accept().expect("it connects");
    hand_over(times, length, from, to);
}
