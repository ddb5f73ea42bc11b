//! A server with the threads of Bun: one thread receives from upstream and hands over to the loop
//! thread, which sends on.

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::EventFd;
use std::io::{BufRead, BufReader, Read, Write, stdin};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

/// The byte that the server sends on. It drops all others.
const TOKEN: u8 = b't';
const HEADER: u8 = b'h';
/// Time from a header to its token. A proxy latency this long means that the recorder paired the
/// send with the header.
const APART: Duration = Duration::from_millis(100);
/// Delay of the pool before each send to its first client.
const LATER: Duration = Duration::from_millis(40);
/// Delay of the pool before each send to its second client.
const SOON: Duration = Duration::from_millis(4);

/// Sends on `tokens` tokens. Before it sends one, the loop thread blocks, and not to wait for
/// events. Upstream and client are a separate process, so that the server's counts exclude their
/// sends.
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

/// Starts upstream and clients of a server, and returns the port of the upstream. They begin when
/// their input ends.
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

/// A server with a pool of threads. One thread receives a client's request and sends the request to
/// the upstream, a second receives the response, and a third sends it on.
///
/// Of two concurrent clients, the first waits `LATER` and the second `SOON`. So sends do not follow
/// the order of receives, and no thread sends the data that it received.
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

/// Upstream and two clients of the pool at `port`: each client sends one request, and receives
/// `tokens` tokens, one after the other.
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

/// Upstream and client of the server at `port`, from the end of its input on. The upstream sends a
/// header and, `APART` later, a token; the client receives the token before the next header.
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
