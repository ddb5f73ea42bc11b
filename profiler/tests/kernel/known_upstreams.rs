//! An event loop that asks upstreams.

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
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
