//! The floor: writes of a chunk's size on the same schedule to the same readers, and nothing else.
//!
//! No stub can be cheaper than this: most of a write is the kernel's work, on loopback the reader's half included.

use anyhow::Context;
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread::sleep,
    time::{Duration, Instant},
};

/// About what the stub writes for a token.
const CHUNK: [u8; 230] = [b'x'; 230];

/// Writes that leave together, as a tick of the stub's makes them.
const TICK: Duration = Duration::from_micros(250);

/// Prints the address, waits for so many readers, writes so often to each, and prints the nanoseconds of CPU time a write.
pub fn serve(streams: usize, writes: u32, delay: Duration) -> anyhow::Result<()> {
    // As long a queue as the stub's, or readers are turned away and come back seconds later.
    let listener = stub::bind(([127, 0, 0, 1], 0).into())?.into_std()?;
    listener.set_nonblocking(false)?;
    println!("http://{}", listener.local_addr()?);
    let sockets = (0..streams).map(|_| accept(&listener));
    let mut sockets = sockets.collect::<anyhow::Result<Vec<_>>>()?;
    let before = super::cpu_ns(std::process::id())?;
    play(&mut sockets, writes, delay)?;
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

/// The streams are spread over the delay, and those of a tick are written to one after the other.
fn play(sockets: &mut [TcpStream], writes: u32, delay: Duration) -> anyhow::Result<()> {
    let begin = Instant::now();
    let ticks = (delay.as_nanos() / TICK.as_nanos()).max(1) as usize;
    let at_once = sockets.len().div_ceil(ticks);
    for round in 0..writes {
        for (tick, due) in sockets.chunks_mut(at_once).enumerate() {
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
