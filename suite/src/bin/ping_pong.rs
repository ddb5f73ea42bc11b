//! The load of `bench overhead`: two threads pass one byte back and forth over a loopback socket.
//!
//! Each has a CPU where there are two. Left to the scheduler, some runs would use two CPUs and some
//! one, which takes half the time. With `one-cpu` both share one CPU, so that nearly all of a round
//! trip is kernel paths that a recorder hooks: the costliest case. `one-cpu TURNS` adds user code
//! to each round trip, so that there are fewer switches a second. With `user-code` there is no
//! socket: one thread runs code with deep call stacks, where samples are all that a recorder costs.
//! Prints `ready`, begins at a line on stdin, prints round trips, nanoseconds and nanoseconds of
//! CPU time, and ends when stdin is closed.

use std::hint::black_box;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

/// Round trips between two looks at the clock.
const BATCH: u64 = 64;

fn main() -> Result<()> {
    let seconds = std::env::args()
        .nth(1)
        .context("usage: ping_pong SECONDS [one-cpu [TURNS] | user-code]")?;
    let duration = Duration::from_secs_f64(seconds.parse().context("SECONDS is no number")?);
    let place = std::env::args().nth(2);
    let turns = std::env::args()
        .nth(3)
        .map_or(Ok(0), |turns| turns.parse::<u64>());
    let turns = turns.context("TURNS is no number")?;
    let (ours, theirs) = places(place.is_some())?;
    let mut batch: Box<dyn FnMut() -> io::Result<()>> = match place.as_deref() {
        Some("user-code") => Box::new(calls()),
        _ => Box::new(round_trips(connect(theirs)?, turns)),
    };
    stay_on(ours)?;
    println!("ready");
    io::stdin().read_line(&mut String::new())?;
    let (cpu, (round_trips, took)) = (cpu_time()?, play(&mut batch, duration)?);
    let cpu = cpu_time()? - cpu;
    println!("{round_trips} {} {}", took.as_nanos(), cpu.as_nanos());
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Of all our threads.
fn cpu_time() -> Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?.into())
}

/// A CPU for each end: the last ones we may use, as most interrupts go to the first.
fn places(one_cpu: bool) -> Result<(usize, usize)> {
    let allowed = sched_getaffinity(Pid::this())?;
    let mut last = (0..CpuSet::count())
        .rev()
        .filter(|cpu| allowed.is_set(*cpu).unwrap_or(false));
    let ours = last.next().context("no CPU allowed")?;
    Ok((ours, last.next().filter(|_| !one_cpu).unwrap_or(ours)))
}

/// For the calling thread.
fn stay_on(cpu: usize) -> Result<()> {
    let mut one = CpuSet::new();
    one.set(cpu)?;
    sched_setaffinity(Pid::from_raw(0), &one)?;
    Ok(())
}

/// One end for us; the other goes to a thread on that CPU, which returns each byte.
fn connect(cpu: usize) -> Result<TcpStream> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let ours = TcpStream::connect(listener.local_addr()?)?;
    let (theirs, _) = listener.accept()?;
    ours.set_nodelay(true)?;
    theirs.set_nodelay(true)?;
    thread::spawn(move || stay_on(cpu).and_then(|()| Ok(echo(theirs)?)));
    Ok(ours)
}

fn echo(mut socket: TcpStream) -> io::Result<()> {
    let mut byte = [0];
    loop {
        socket.read_exact(&mut byte)?;
        socket.write_all(&byte)?;
    }
}

/// Passes a byte there and back, and computes for some turns, a batch at a time.
fn round_trips(mut socket: TcpStream, turns: u64) -> impl FnMut() -> io::Result<()> {
    let mut byte = [7];
    move || {
        for _ in 0..BATCH {
            socket.write_all(&byte)?;
            socket.read_exact(&mut byte)?;
            black_box(compute(turns, black_box(1)));
        }
        Ok(())
    }
}

/// Calls deep functions, a batch at a time.
fn calls() -> impl FnMut() -> io::Result<()> {
    let mut seed = 1;
    move || {
        for _ in 0..BATCH {
            seed = descend(24, black_box(seed));
        }
        Ok(())
    }
}

/// Calls itself until `depth` is 0, and computes at each depth. The addition after the call keeps
/// it from becoming a loop.
#[inline(never)]
fn descend(depth: u32, seed: u64) -> u64 {
    let mixed = compute(200, seed);
    match depth {
        0 => mixed,
        _ => black_box(descend(depth - 1, mixed)).wrapping_add(seed),
    }
}

/// Computes for some turns. Each needs the result of the one before.
#[inline]
fn compute(turns: u64, seed: u64) -> u64 {
    let mix = |mixed: u64, turn: u64| {
        (mixed ^ turn)
            .rotate_left(7)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
    };
    (0..turns).fold(seed, mix)
}

fn play(batch: &mut dyn FnMut() -> io::Result<()>, duration: Duration) -> Result<(u64, Duration)> {
    let begun = Instant::now();
    let mut round_trips = 0;
    loop {
        batch()?;
        round_trips += BATCH;
        let took = begun.elapsed();
        if took >= duration {
            return Ok((round_trips, took));
        }
    }
}
