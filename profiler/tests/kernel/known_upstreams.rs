//! An event loop that asks upstreams, and a process whose upstream does not read.
#![expect(
    unsafe_code,
    reason = "getsockopt(TCP_INFO), which no library of ours wraps"
)]

use nix::libc;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::io::{Error, ErrorKind, Read, Write, stdin};
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

/// Sends `times` requests over each of two connections to a port, one over each at a time, and
/// waits for the answers as an event loop does. Returns how long all requests took together, by its
/// own clock: each from before its first part is sent until its answer was received.
pub fn ask(port: u16, times: usize) -> Duration {
    let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
    let mut streams = [connect(), connect()];
    let epoll = Epoll::new(EpollCreateFlags::empty()).expect("an epoll");
    for (index, stream) in (0..).zip(&streams) {
        stream.set_nonblocking(true).expect("a socket can");
        let readable = EpollEvent::new(EpollFlags::EPOLLIN, index);
        epoll.add(stream, readable).expect("it can be waited for");
    }
    let mut took = Duration::ZERO;
    for _ in 0..times {
        let sent = streams.each_mut().map(|stream| {
            // As a head and a body.
            let start = Instant::now();
            stream.write_all(&[1]).expect("sent");
            stream.write_all(&[2]).expect("sent");
            start
        });
        let mut open = sent.len();
        while open > 0 {
            let mut event = [EpollEvent::empty()];
            let found = epoll.wait(&mut event, EpollTimeout::NONE);
            assert_eq!(found.expect("it can wait"), 1);
            let index = event[0].data() as usize;
            streams[index].read_exact(&mut [0]).expect("an answer");
            took += sent[index].elapsed();
            open -= 1;
        }
    }
    took
}

/// Sends to a port until the peer's receive window and the socket are full, prints how many bytes
/// fitted, and waits. Then, by `end`, it closes the connection (`aborts`), keeps it as it is
/// (`stalls`), or has waited for a byte of the peer and sends one more (`goes on`). Prints for how
/// long the peer's window kept it from sending by then, as the kernel says, and how long the last
/// step took, both in ns.
pub fn overfill(port: u16, end: &str) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
    stream.set_nonblocking(true).expect("a socket can");
    let mut sent = 0;
    let full = loop {
        match stream.write(&[7; 65_536]) {
            Ok(bytes) => sent += bytes,
            Err(error) => break error,
        }
    };
    assert_eq!(full.kind(), ErrorKind::WouldBlock, "{full}");
    stream.set_nonblocking(false).expect("a socket can");
    println!("{sent}");
    if end == "goes on" {
        stream.read_exact(&mut [0]).expect("an answer");
    } else {
        stdin().read_line(&mut String::new()).expect("a line");
    }
    let start = Instant::now();
    let limited = rwnd_limited(&stream);
    match end {
        "aborts" => abort(stream),
        "stalls" => std::mem::forget(stream),
        _ => {
            stream.write_all(&[7]).expect("sent");
            std::mem::forget(stream);
        }
    }
    println!("{} {}", limited.as_nanos(), start.elapsed().as_nanos());
}

/// Closes a connection without delivering what it holds.
fn abort(stream: TcpStream) {
    let at_once = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    let (value, length) = ((&raw const at_once).cast(), size_of_val(&at_once) as u32);
    let (level, option) = (libc::SOL_SOCKET, libc::SO_LINGER);
    // SAFETY: the call reads `length` bytes of a value that has as many.
    let failed = unsafe { libc::setsockopt(stream.as_raw_fd(), level, option, value, length) };
    assert_eq!(failed, 0, "{}", Error::last_os_error());
    drop(stream);
}

/// Returns the kernel's `tcpi_rwnd_limited` of a connection.
fn rwnd_limited(stream: &TcpStream) -> Duration {
    // Byte 176 of `struct tcp_info` (linux/tcp.h), which musl's libc crate does not have.
    const FIELD: usize = 176 / size_of::<u64>();
    let mut info = [0u64; 64];
    let mut length = size_of_val(&info) as u32;
    let (level, option) = (libc::IPPROTO_TCP, libc::TCP_INFO);
    let value = (&raw mut info).cast();
    // SAFETY: the call writes at most `length` bytes to an array that has as many.
    let failed =
        unsafe { libc::getsockopt(stream.as_raw_fd(), level, option, value, &raw mut length) };
    assert_eq!(failed, 0, "{}", Error::last_os_error());
    assert!(length as usize > FIELD * size_of::<u64>());
    Duration::from_micros(info[FIELD])
}
