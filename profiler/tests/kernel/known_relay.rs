//! A server as Bun is one: a thread receives from upstream and hands over, and the loop thread sends on.

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::EventFd;
use std::io::{BufRead, BufReader, Read, Write, stdin};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

/// What is sent on; anything else is not.
const TOKEN: u8 = b't';
const HEADER: u8 = b'h';
/// From a header to its token: what is sent on this late was taken for the header's.
const APART: Duration = Duration::from_millis(100);

/// Sends on `tokens` tokens. Before it sends one, the loop thread blocks, and not to wait for events. Model and client are
/// a process of their own, so that what they send is not the server's.
pub fn relay(ready: impl FnOnce() -> usize, tokens: usize) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("bound").port().to_string();
    let mut peer = Command::new(std::env::current_exe().expect("it has a path"));
    let peer = peer.args(["relay-peer", &port, &tokens.to_string()]);
    let peer = peer.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut peer = peer.spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(peer.stdout.take().expect("piped"))
        .read_line(&mut line)
        .expect("its port");
    let model: u16 = line.trim().parse().expect("a port");
    let mut upstream = TcpStream::connect((Ipv4Addr::LOCALHOST, model)).expect("it listens");
    let (mut client, _) = listener.accept().expect("a connection");

    let (hand_over, handed) = mpsc::channel();
    let event = Arc::new(EventFd::new().expect("an eventfd"));
    let wake = event.clone();
    let receiver = std::thread::spawn(move || {
        let mut byte = [0];
        while upstream.read_exact(&mut byte).is_ok() {
            hand_over.send(byte).expect("the loop takes it");
            wake.write(1).expect("written");
        }
    });
    let epoll = Epoll::new(EpollCreateFlags::empty()).expect("an epoll");
    let readable = EpollEvent::new(EpollFlags::EPOLLIN, 0);
    epoll.add(&*event, readable).expect("it can be waited for");

    crate::after(ready, || {
        drop(peer.stdin.take());
        let mut sent = 0;
        while sent < tokens {
            epoll
                .wait(&mut [EpollEvent::empty()], EpollTimeout::NONE)
                .expect("it can wait");
            event.read().expect("there is something");
            for byte in handed.try_iter().filter(|byte| *byte == [TOKEN]) {
                std::thread::sleep(Duration::from_millis(1));
                client.write_all(&byte).expect("sent");
                sent += 1;
            }
        }
        assert!(peer.wait().expect("it ends").success());
        receiver.join().expect("it ends with its peer");
    });
}

/// Model and client of the server at `port`, from the end of its input on: a header and, when that has been seen, a token,
/// which comes back before the next.
pub fn peer(port: u16, tokens: usize) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    println!("{}", listener.local_addr().expect("bound").port());
    let (mut model, _) = listener.accept().expect("a connection");
    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
    stdin().read_line(&mut String::new()).expect("its end");
    for _ in 0..tokens {
        model.write_all(&[HEADER]).expect("sent");
        std::thread::sleep(APART);
        model.write_all(&[TOKEN]).expect("sent");
        client.read_exact(&mut [0]).expect("it is sent on");
    }
}
