//! The load of `bench probes`: threads that cause the events of the probe groups as often as they
//! can, until stdin is closed. Prints `ready` when all of them run.
//!
//! Two threads pass a byte over TCP (switches, wake-ups, system calls, sockets), one opens and
//! closes connections, one touches new pages, one starts threads, and one moves between CPUs.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// Memory that glibc always maps anew, so that each page of it faults.
const MAPPED: usize = 64 << 20;
/// Smallest page.
const PAGE: usize = 4096;

fn main() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut ours = TcpStream::connect(listener.local_addr()?)?;
    let (mut theirs, _) = listener.accept()?;
    ours.set_nodelay(true)?;
    theirs.set_nodelay(true)?;
    let cpus = allowed_cpus()?;
    run(move || pass(&mut theirs, false));
    run(move || pass(&mut ours, true));
    run(move || connect(&listener));
    run(touch_pages);
    run(start_threads);
    run(move || move_between(&cpus));
    println!("ready");
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Runs work again and again, on a new thread, until the process ends.
fn run(mut work: impl FnMut() -> Result<()> + Send + 'static) {
    thread::spawn(move || {
        loop {
            if let Err(error) = work() {
                eprintln!("every_event: {error:#}");
                std::process::exit(1);
            }
        }
    });
}

fn pass(socket: &mut TcpStream, is_first: bool) -> Result<()> {
    let mut byte = [7];
    if is_first {
        socket.write_all(&byte)?;
    }
    socket.read_exact(&mut byte)?;
    if !is_first {
        socket.write_all(&byte)?;
    }
    Ok(())
}

/// Opens a connection and closes it. The pause keeps ports from running out in a minute.
fn connect(listener: &TcpListener) -> Result<()> {
    let ours = TcpStream::connect(listener.local_addr()?)?;
    let (theirs, _) = listener.accept()?;
    drop(theirs);
    drop(ours);
    thread::sleep(Duration::from_millis(2));
    Ok(())
}

fn touch_pages() -> Result<()> {
    let mut memory: Vec<u8> = Vec::with_capacity(MAPPED);
    memory.resize(MAPPED / 4, 1);
    std::hint::black_box(&memory[PAGE]);
    Ok(())
}

fn start_threads() -> Result<()> {
    let thread = thread::Builder::new().spawn(|| std::hint::black_box(1))?;
    thread.join().ok().context("a thread panicked")?;
    Ok(())
}

fn move_between(cpus: &[usize]) -> Result<()> {
    for cpu in cpus {
        let mut one = CpuSet::new();
        one.set(*cpu)?;
        sched_setaffinity(Pid::from_raw(0), &one)?;
    }
    Ok(())
}

fn allowed_cpus() -> Result<Vec<usize>> {
    let allowed = sched_getaffinity(Pid::this())?;
    let cpus = 0..CpuSet::count();
    Ok(cpus
        .filter(|cpu| allowed.is_set(*cpu).unwrap_or(false))
        .collect())
}
