//! The load of `bench overhead`: two threads pass one byte back and forth over a loopback socket.
//!
//! Each has a CPU where there are two. Left to the scheduler, some runs would use two CPUs and some
//! one, which takes half the time. With `one-cpu` both share one CPU, so that nearly all of a round
//! trip is kernel paths that a recorder hooks: the costliest case. Prints `ready`, begins at a line
//! on stdin, prints round trips, nanoseconds and nanoseconds of CPU time, and ends when stdin is
//! closed.

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
        .context("usage: ping_pong SECONDS [one-cpu]")?;
    let duration = Duration::from_secs_f64(seconds.parse().context("SECONDS is no number")?);
    let (ours, theirs) = places(std::env::args().nth(2).is_some())?;
    let mut socket = connect(theirs)?;
    stay_on(ours)?;
    println!("ready");
    io::stdin().read_line(&mut String::new())?;
    let (cpu, (round_trips, took)) = (cpu_time()?, play(&mut socket, duration)?);
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

fn play(socket: &mut TcpStream, duration: Duration) -> Result<(u64, Duration)> {
    let begun = Instant::now();
    let mut byte = [7];
    let mut round_trips = 0;
    loop {
        for _ in 0..BATCH {
            socket.write_all(&byte)?;
            socket.read_exact(&mut byte)?;
        }
        round_trips += BATCH;
        let took = begun.elapsed();
        if took >= duration {
            return Ok((round_trips, took));
        }
    }
}
