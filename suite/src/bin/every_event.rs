//! The load of `bench probes`: threads that cause the events of the probe groups as often as they
//! can, until stdin is closed. Prints `ready` when all of them run.
//!
//! Two threads pass a byte over TCP (switches, wake-ups, system calls, sockets), one opens and
//! closes connections, one touches new pages, one starts threads, one moves between CPUs, and one
//! reads and writes past the page cache in the file that the first argument names.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::fcntl::OFlag;
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
    if let Some(path) = std::env::args_os().nth(1) {
        use_disk(Path::new(&path));
    }
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

/// Reads and writes a file past the page cache, where its file system can.
fn use_disk(path: &Path) {
    // A file system without a device refuses the flag.
    match open_direct(path) {
        Ok(file) => run(move || read_and_write(&file)),
        Err(error) => eprintln!("every_event: no requests to a disk: {error}"),
    }
}

fn open_direct(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(false);
    options.custom_flags(OFlag::O_DIRECT.bits()).open(path)
}

/// Memory and lengths of `O_DIRECT` are multiples of a page on every device.
fn read_and_write(file: &File) -> Result<()> {
    let mut memory = vec![7; 2 * PAGE];
    let start = memory.as_ptr().align_offset(PAGE);
    let block = &mut memory[start..start + PAGE];
    for _ in 0..64 {
        file.write_all_at(block, 0)?;
        file.read_exact_at(block, 0)?;
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
