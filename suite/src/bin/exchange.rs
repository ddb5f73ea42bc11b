//! A load of `bench probes`: one process asks and another one answers, as often as they can, until
//! stdin is closed. Prints `ready`, or `skipped:` with the reason.
//!
//! The process that is started is recorded: as the `client` of a TCP connection, as its `server`,
//! or as the client of a `datagrams` server at some port. The other one is a child of it.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Length of a question and of its answer.
const SIZE: usize = 32;
/// Nothing else has a server there, unless it listens on all addresses.
const HOST: &str = "127.0.0.77";
/// After this time a datagram counts as lost.
const PATIENCE: Duration = Duration::from_secs(1);

fn main() -> Result<()> {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["client"] => client(),
        ["server"] => server(),
        ["datagrams", port] => datagrams(port),
        ["answers"] => {
            end_with_stdin();
            let listener = TcpListener::bind((HOST, 0))?;
            println!("{}", listener.local_addr()?.port());
            let _ = answer(listener.accept()?.0);
            Ok(())
        }
        ["asks", port] => {
            end_with_stdin();
            // It ends with the other process.
            let _ = ask(TcpStream::connect((HOST, port.parse::<u16>()?))?);
            Ok(())
        }
        ["answers-datagrams", port] => {
            end_with_stdin();
            Ok(answer_datagrams(port.parse::<u16>()?)?)
        }
        _ => bail!("usage: exchange client | server | datagrams PORT"),
    }
}

fn client() -> Result<()> {
    let (_peer, port) = peer(&["answers"])?;
    let stream = TcpStream::connect((HOST, port.parse::<u16>()?))?;
    run(move || ask(stream));
    wait()
}

fn server() -> Result<()> {
    let listener = TcpListener::bind((HOST, 0))?;
    let port = listener.local_addr()?.port().to_string();
    let _peer = start(&["asks", &port])?;
    let (stream, _) = listener.accept()?;
    run(move || answer(stream));
    wait()
}

fn datagrams(port: &str) -> Result<()> {
    let (_peer, port) = peer(&["answers-datagrams", port])?;
    let Ok(port) = port.parse::<u16>() else {
        println!("skipped: {port}");
        return Ok(());
    };
    let socket = UdpSocket::bind((HOST, 0))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.connect((HOST, port))?;
    run(move || {
        let mut bytes = [7; SIZE];
        loop {
            socket.send(&bytes)?;
            // A lost one is asked again.
            let _ = socket.recv(&mut bytes);
        }
    });
    wait()
}

/// Starts the other process.
fn start(words: &[&str]) -> Result<Child> {
    let mut command = Command::new(env::current_exe()?);
    let command = command.args(words).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).spawn().context("no peer")
}

/// Starts the other process, and returns the line that it prints: its port, or an error.
fn peer(words: &[&str]) -> Result<(Child, String)> {
    let mut child = start(words)?;
    let stdout = child.stdout.take().context("stdout was asked for")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    Ok((child, line.trim().to_owned()))
}

/// Does work on a new thread. The process ends with it.
fn run(work: impl FnOnce() -> io::Result<()> + Send + 'static) {
    thread::spawn(move || {
        let ended = work();
        eprintln!("exchange: {ended:?}");
        std::process::exit(1);
    });
}

/// Waits until stdin is closed. The other process then ends with its own stdin.
fn wait() -> Result<()> {
    println!("ready");
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn end_with_stdin() {
    thread::spawn(|| {
        // An error ends it as well.
        let _ = io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
}

fn ask(mut stream: TcpStream) -> io::Result<()> {
    let mut bytes = [7; SIZE];
    stream.set_nodelay(true)?;
    loop {
        stream.write_all(&bytes)?;
        stream.read_exact(&mut bytes)?;
    }
}

fn answer(mut stream: TcpStream) -> io::Result<()> {
    let mut bytes = [7; SIZE];
    stream.set_nodelay(true)?;
    loop {
        stream.read_exact(&mut bytes)?;
        stream.write_all(&bytes)?;
    }
}

fn answer_datagrams(port: u16) -> io::Result<()> {
    let socket = match UdpSocket::bind((HOST, port)) {
        Ok(socket) => socket,
        Err(error) => {
            println!("no port {port} at {HOST}: {error}");
            return Ok(());
        }
    };
    println!("{}", socket.local_addr()?.port());
    let mut bytes = [7; SIZE];
    loop {
        let (length, from) = socket.recv_from(&mut bytes)?;
        socket.send_to(&bytes[..length], from)?;
    }
}
