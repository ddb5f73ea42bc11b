//! A process that exchanges data with third parties.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixStream};
use std::time::Duration;

/// Sends `times` datagrams of 50 bytes to a UDP port without a connection, and as many with one;
/// exchanges `times` messages of 1,000 bytes over TCP, over a Unix socket and over one with an
/// abstract name; and sends `times` datagrams of 70 bytes to a Unix socket. The sockets of `folder`
/// are `stream` and `datagrams`.
pub fn third_parties(udp: u16, tcp: u16, folder: &str, times: usize) {
    let statsd = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    for _ in 0..times {
        statsd.send_to(&[7; 50], ("127.0.0.1", udp)).expect("sent");
    }
    let mut answer = [0; 50];
    statsd.recv_from(&mut answer).expect("an answer");
    statsd.connect(("127.0.0.1", udp)).expect("an address");
    for _ in 0..times {
        statsd.send(&[7; 50]).expect("sent");
    }
    exchange(
        TcpStream::connect(("127.0.0.1", tcp)).expect("it listens"),
        times,
    );
    let path = format!("{folder}/stream");
    exchange(UnixStream::connect(&path).expect("it listens"), times);
    let name = SocketAddr::from_abstract_name(folder).expect("a name");
    exchange(UnixStream::connect_addr(&name).expect("it listens"), times);
    let log = UnixDatagram::unbound().expect("a socket");
    for _ in 0..times {
        let to = format!("{folder}/datagrams");
        log.send_to(&[7; 70], to).expect("sent");
    }
    // Both ends are its own.
    let (mut one, mut other) = UnixStream::pair().expect("a pair");
    one.write_all(&[7; 10]).expect("sent");
    other.read_exact(&mut [0; 10]).expect("received");
}

/// Listens on two ports, which it prints, and sends messages of 1,000 bytes back over one
/// connection to each until both have ended.
pub fn two_ports() {
    let listen = || TcpListener::bind("127.0.0.1:0").expect("a free port");
    let listeners = [listen(), listen()];
    let port = |listener: &TcpListener| listener.local_addr().expect("bound").port();
    println!("{} {}", port(&listeners[0]), port(&listeners[1]));
    for listener in listeners {
        let (mut client, _) = listener.accept().expect("a connection");
        let mut message = [0; 1_000];
        while client.read_exact(&mut message).is_ok() {
            client.write_all(&message).expect("sent");
        }
    }
}

/// Accepts `times` connections, one each 100 ms, and fails to accept one before each.
pub fn accepts(times: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let refuse = |refuses| listener.set_nonblocking(refuses).expect("a socket can");
    for _ in 0..times {
        refuse(true);
        listener.accept().expect_err("no connection yet");
        refuse(false);
        let _client = TcpStream::connect(address).expect("its own listener");
        // On a busy machine it comes a moment later.
        listener.accept().expect("a connection");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn exchange(mut stream: impl Read + Write, times: usize) {
    let mut message = [7; 1_000];
    for _ in 0..times {
        stream.write_all(&message).expect("sent");
        stream.read_exact(&mut message).expect("answered");
    }
}

/// Connects to a port whose listener has no room for a connection, until the kernel has sent the
/// first segment again.
pub fn connect_in_vain(port: u16) {
    // Linux sends a second `SYN` after a second, and a third two seconds later.
    const LONG: Duration = Duration::from_millis(1_500);
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port).into();
    TcpStream::connect_timeout(&address, LONG).expect_err("no room");
}

/// Connects to a port and closes the connection `times` times.
pub fn reconnect(port: u16, times: usize) {
    for _ in 0..times {
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
    }
}

/// Sends `times` queries to a name server over a UDP socket with a connection, `times` without one,
/// and `times` over TCP, and waits for the answer to each. A message is as long as `QUERY`.
pub fn resolve(address: &str, times: usize) {
    const QUERY: [u8; 12] = [7; 12];
    let server = (address, 53);
    let unbound = || UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let socket = unbound();
    socket.connect(server).expect("an address");
    for _ in 0..times {
        socket.send(&QUERY).expect("sent");
        socket.recv(&mut [0; 12]).expect("an answer");
    }
    let socket = unbound();
    for _ in 0..times {
        socket.send_to(&QUERY, server).expect("sent");
        socket.recv_from(&mut [0; 12]).expect("an answer");
    }
    let mut stream = TcpStream::connect(server).expect("it listens");
    for _ in 0..times {
        // In two parts, as the length of a message and the rest of it.
        stream.write_all(&QUERY[..2]).expect("sent");
        stream.write_all(&QUERY[2..]).expect("sent");
        stream.read_exact(&mut [0; 2]).expect("an answer");
        stream.read_exact(&mut [0; 10]).expect("the rest");
    }
}

/// Sends a datagram of one byte to each of these ports, from a socket without a connection.
pub fn scatter(first: u16, count: u16) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    for port in first..first + count {
        // Nothing listens there: an answer to an earlier datagram may say so.
        while socket.send_to(&[7], ("127.0.0.1", port)).is_err() {}
    }
}
