//! A server as Bun is one: a thread receives from upstream and hands over, and the loop thread sends on.

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::EventFd;
use std::io::{BufRead, BufReader, Read, Write, stdin};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

/// What is sent on; anything else is not.
const TOKEN: u8 = b't';
const HEADER: u8 = b'h';
/// From a header to its token: what is sent on this late was taken for the header's.
const APART: Duration = Duration::from_millis(100);
/// How long the pool holds what it passes on, for its first client
const LATER: Duration = Duration::from_millis(40);
/// and for its second.
const SOON: Duration = Duration::from_millis(4);

/// Sends on `tokens` tokens. Before it sends one, the loop thread blocks, and not to wait for events. Model and client are
/// a process of their own, so that what they send is not the server's.
pub fn relay(ready: impl FnOnce() -> usize, tokens: usize) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let (mut peer, model) = start_peer("relay-peer", &listener, tokens);
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

/// Starts model and clients of a server, and tells the port of the model. They begin when their input ends.
fn start_peer(behaviour: &str, server: &TcpListener, tokens: usize) -> (Child, u16) {
    let port = server.local_addr().expect("bound").port().to_string();
    let mut peer = Command::new(std::env::current_exe().expect("it has a path"));
    let peer = peer.args([behaviour, &port, &tokens.to_string()]);
    let peer = peer.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut peer = peer.spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(peer.stdout.take().expect("piped"))
        .read_line(&mut line)
        .expect("its port");
    (peer, line.trim().parse().expect("a port"))
}

/// A server as a pool of threads is one: who receives a client's request asks the model, another thread receives the answer, and a third
/// sends it on. Of two clients at a time the first waits `LATER`, the second `SOON`: neither is what comes first sent
/// first, nor does a thread send what it has received.
pub fn pool(ready: impl FnOnce() -> usize, tokens: usize) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let (mut peer, model) = start_peer("pool-peer", &listener, tokens);
    crate::after(ready, || {
        drop(peer.stdin.take());
        let exchange = |wait: Duration| {
            let (mut client, _) = listener.accept().expect("a connection");
            client.read_exact(&mut [0]).expect("a request");
            let mut upstream =
                TcpStream::connect((Ipv4Addr::LOCALHOST, model)).expect("it listens");
            upstream.write_all(&[HEADER]).expect("asked");
            let (hand_over, handed) = mpsc::channel();
            let receiver = std::thread::spawn(move || {
                let mut byte = [0];
                while upstream.read_exact(&mut byte).is_ok() {
                    hand_over.send(byte).expect("taken");
                }
            });
            let sender = std::thread::spawn(move || {
                for byte in handed {
                    std::thread::sleep(wait);
                    client.write_all(&byte).expect("sent");
                }
            });
            [receiver, sender]
        };
        let threads = [LATER, SOON].map(exchange);
        threads
            .into_iter()
            .flatten()
            .for_each(|thread| thread.join().expect("it ends"));
        assert!(peer.wait().expect("it ends").success());
    });
}

/// Model and two clients of the pool at `port`: each client asks once, and gets `tokens` tokens, one after the other.
pub fn pool_peer(port: u16, tokens: usize) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    println!("{}", listener.local_addr().expect("bound").port());
    stdin().read_line(&mut String::new()).expect("its end");
    let ask = || {
        let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
        client.write_all(&[HEADER]).expect("asked");
        let (mut model, _) = listener.accept().expect("a connection");
        model.read_exact(&mut [0]).expect("asked");
        (client, model)
    };
    let exchanges = [ask(), ask()];
    let talk = |(mut client, mut model): (TcpStream, TcpStream)| {
        std::thread::spawn(move || {
            for _ in 0..tokens {
                model.write_all(&[TOKEN]).expect("sent");
                client.read_exact(&mut [0]).expect("it is sent on");
            }
        })
    };
    let threads = exchanges.map(talk);
    threads
        .into_iter()
        .for_each(|thread| thread.join().expect("it ends"));
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
