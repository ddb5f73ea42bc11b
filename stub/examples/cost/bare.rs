//! The floor of the cost: writes of a chunk's size, on the same schedule, to the same readers.
//!
//! A stub cannot cost less: most of a write is the kernel's work. On loopback it includes the
//! reader's half.

use anyhow::Context;
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread::sleep,
    time::{Duration, Instant},
};

/// About the size of the stub's write for a token.
const CHUNK: [u8; 230] = [b'x'; 230];

/// Time between batches of writes: the stub's tick.
const TICK: Duration = Duration::from_micros(250);

/// Prints the address, waits for `streams` readers, writes `writes` times to each, and prints the
/// CPU time per write in nanoseconds.
pub fn serve(streams: usize, writes: u32, delay: Duration) -> anyhow::Result<()> {
    // The stub's accept queue: with a shorter one the kernel drops SYNs, and readers connect
    // seconds later.
    let listener = stub::bind(([127, 0, 0, 1], 0).into())?.into_std()?;
    listener.set_nonblocking(false)?;
    println!("http://{}", listener.local_addr()?);
    let sockets = (0..streams).map(|_| accept(&listener));
    let mut sockets = sockets.collect::<anyhow::Result<Vec<_>>>()?;
    let before = super::cpu_ns(std::process::id())?;
    write_all(&mut sockets, writes, delay)?;
    let after = super::cpu_ns(std::process::id())?;
    println!(
        "{}",
        (after - before) / (streams as f64 * f64::from(writes))
    );
    Ok(())
}

fn accept(listener: &TcpListener) -> anyhow::Result<TcpStream> {
    let (mut socket, _) = listener.accept()?;
    socket.set_nodelay(true)?;
    let read = socket.read(&mut [0; 1024]).context("no request")?;
    anyhow::ensure!(read > 0, "the reader left");
    Ok(socket)
}

/// Spreads the streams over the delay, and writes to those of a tick one after the other.
fn write_all(sockets: &mut [TcpStream], writes: u32, delay: Duration) -> anyhow::Result<()> {
    let begin = Instant::now();
    let ticks = (delay.as_nanos() / TICK.as_nanos()).max(1) as usize;
    let per_tick = sockets.len().div_ceil(ticks);
    for round in 0..writes {
        for (tick, due) in sockets.chunks_mut(per_tick).enumerate() {
            let at = begin + delay * round + TICK * u32::try_from(tick)?;
            let wait = at.saturating_duration_since(Instant::now());
            if !wait.is_zero() {
                sleep(wait);
            }
            for socket in due {
                socket.write_all(&CHUNK)?;
            }
        }
    }
    Ok(())
}
