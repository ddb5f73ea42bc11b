//! Processes with thousands of threads, or with much memory.

use crate::{PAGE, after, sleep};
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

fn spawn(act: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    const STACK: usize = 64 << 10;
    let thread = Builder::new().stack_size(STACK).spawn(act);
    thread.expect("the system has room for a thread")
}

/// Starts `count` threads before it may begin. Then each sleeps `times` times for `length`.
pub fn crowd(ready: impl FnOnce() -> usize, count: usize, times: usize, length: Duration) {
    let begin = Arc::new(Barrier::new(count + 1));
    let thread = |_| {
        let begin = Arc::clone(&begin);
        spawn(move || {
            begin.wait();
            (0..times).for_each(|_| std::thread::sleep(length));
        })
    };
    let threads: Vec<_> = (0..count).map(thread).collect();
    after(ready, || {
        begin.wait();
        for thread in threads {
            thread.join().expect("it only sleeps");
        }
    });
}

/// Starts `count` threads before it may begin. Then they are woken one after the other, one
/// every 100 µs, and each twice.
pub fn paced(ready: impl FnOnce() -> usize, count: usize) {
    const AT_ONCE: usize = 50;
    let (reader, mut writer) = pipe().expect("a pipe");
    let (reader, seen) = (Arc::new(reader), Arc::new(AtomicUsize::new(0)));
    for _ in 0..count {
        let (reader, seen) = (Arc::clone(&reader), Arc::clone(&seen));
        spawn(move || {
            while (&*reader).read_exact(&mut [0]).is_ok() {
                seen.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    after(ready, || {
        for woken in (0..2 * count).step_by(AT_ONCE) {
            let bytes = vec![1; AT_ONCE.min(2 * count - woken)];
            writer.write_all(&bytes).expect("they read");
            std::thread::sleep(Duration::from_millis(5));
        }
        while seen.load(Ordering::Relaxed) < 2 * count {
            std::thread::sleep(Duration::from_millis(5));
        }
    });
}

/// Starts `count` threads one after another, up to a hundred at a time. Each sleeps once.
pub fn churn(count: usize) {
    const TOGETHER: usize = 100;
    for begun in (0..count).step_by(TOGETHER) {
        let threads = begun..count.min(begun + TOGETHER);
        let threads: Vec<_> = threads.map(|_| spawn(|| sleep(1))).collect();
        for thread in threads {
            thread.join().expect("it only sleeps");
        }
    }
}

/// Passes a token `hops` times between `count` threads (a prime number), so that as many pairs of
/// threads as possible wake each other.
pub fn pairs(ready: impl FnOnce() -> usize, count: usize, hops: usize) {
    let (readers, writers): (Vec<PipeReader>, Vec<PipeWriter>) =
        (0..count).map(|_| pipe().expect("a pipe")).unzip();
    let writers = Arc::new(writers);
    let (mut done, last) = pipe().expect("a pipe");
    let last = Arc::new(last);
    for (own, mut reader) in readers.into_iter().enumerate() {
        let (writers, last) = (Arc::clone(&writers), Arc::clone(&last));
        spawn(move || {
            let mut token = [0; 8];
            while reader.read_exact(&mut token).is_ok() {
                let hop = usize::from_ne_bytes(token);
                if hop == hops {
                    (&*last).write_all(&[1]).expect("the main thread waits");
                    continue;
                }
                let step = 1 + hop / count % (count - 1);
                let next = (own + step) % count;
                (&writers[next])
                    .write_all(&(hop + 1).to_ne_bytes())
                    .expect("it reads");
            }
        });
    }
    after(ready, || {
        (&writers[0])
            .write_all(&0usize.to_ne_bytes())
            .expect("it reads");
        done.read_exact(&mut [0]).expect("the token arrives");
    });
}

/// Holds `mebibytes` of memory, and maps and unmaps a page `times` times.
pub fn hold(ready: impl FnOnce() -> usize, mebibytes: usize, times: usize) {
    let mut held = vec![0u8; mebibytes << 20];
    held.iter_mut().step_by(PAGE).for_each(|byte| *byte = 1);
    after(ready, || {
        for _ in 0..times {
            // Larger than what the allocator keeps.
            std::hint::black_box(vec![0u8; 64 << 20]);
        }
    });
    std::hint::black_box(&held);
}

/// Starts `count` threads that sleep for four seconds or more before they wake up, one after the
/// other within two seconds.
pub fn late_sleepers(ready: impl FnOnce() -> usize, count: usize) {
    let thread = |index: usize| {
        let length = Duration::from_millis(4_000 + (2_000 * index / count) as u64);
        spawn(move || std::thread::sleep(length))
    };
    let threads: Vec<_> = (0..count).map(thread).collect();
    after(ready, || {
        for thread in threads {
            thread.join().expect("it only sleeps");
        }
    });
}
