//! Ways to move data over TCP besides read and write: splice, sendfile, several messages a call,
//! without a copy, and by io_uring. And a connection that another process accepted.
#![expect(
    unsafe_code,
    reason = "system calls that the standard library does not wrap"
)]

use crate::after;
use crate::known_uring::Ring;
use nix::libc;
use std::io::{Error, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::thread::JoinHandle;

/// Bytes of one message.
const MESSAGE: usize = 100;

fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let client = TcpStream::connect(address).expect("its own listener");
    (client, listener.accept().expect("a connection").0)
}

/// Reads `bytes` in another thread.
fn read_all(mut from: TcpStream, bytes: usize) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut buffer = vec![0; bytes];
        from.read_exact(&mut buffer).expect("received");
    })
}

fn checked(result: isize) -> usize {
    assert!(result > 0, "{result}: {}", Error::last_os_error());
    result.cast_unsigned()
}

/// Relays `bytes` from one connection to another by splice, through a pipe.
pub fn splice(bytes: usize) {
    let ((mut client, from), (to, server)) = (connection(), connection());
    let writer = std::thread::spawn(move || {
        client.write_all(&vec![7; bytes]).expect("sent");
    });
    let reader = read_all(server, bytes);
    let (out, input) = nix::unistd::pipe().expect("a pipe");
    let (null, most) = (std::ptr::null_mut(), 65_536);
    let mut left = bytes;
    while left > 0 {
        let (from, input) = (from.as_raw_fd(), input.as_raw_fd());
        // SAFETY: without offsets, the call touches no memory of this process.
        let taken = checked(unsafe { libc::splice(from, null, input, null, most, 0) });
        let mut rest = taken;
        while rest > 0 {
            let (out, to) = (out.as_raw_fd(), to.as_raw_fd());
            // SAFETY: as above.
            rest -= checked(unsafe { libc::splice(out, null, to, null, rest, 0) });
        }
        left -= taken;
    }
    writer.join().expect("it writes");
    reader.join().expect("it reads");
}

/// Sends a file of `bytes` by sendfile.
pub fn send_file(bytes: usize) {
    let (client, server) = connection();
    let mut file = tempfile::tempfile().expect("a temporary file");
    file.write_all(&vec![7; bytes]).expect("written");
    let reader = read_all(server, bytes);
    let (mut offset, to) = (0, client.as_raw_fd());
    while (offset as usize) < bytes {
        let left = bytes - offset as usize;
        // SAFETY: the offset outlives the call.
        let sent = unsafe { libc::sendfile(to, file.as_raw_fd(), &raw mut offset, left) };
        checked(sent);
    }
    reader.join().expect("it reads");
}

/// Sends and receives `times` times four messages with one call.
pub fn many_messages(times: usize) {
    let (client, server) = connection();
    let mut buffers = [[7u8; MESSAGE]; 4];
    for _ in 0..times {
        let mut vectors = buffers.each_mut().map(|buffer| libc::iovec {
            iov_base: buffer.as_mut_ptr().cast(),
            iov_len: MESSAGE,
        });
        let mut headers = vectors.each_mut().map(|vector| {
            // SAFETY: zeros are a message without address, data and control.
            let mut header: libc::mmsghdr = unsafe { std::mem::zeroed() };
            (header.msg_hdr.msg_iov, header.msg_hdr.msg_iovlen) = (vector, 1);
            header
        });
        let headers = headers.as_mut_ptr();
        // SAFETY: the headers, vectors and buffers outlive the call.
        let sent = unsafe { libc::sendmmsg(client.as_raw_fd(), headers, 4, 0) };
        assert_eq!(sent, 4);
        let wait = libc::MSG_WAITALL as _;
        let none = std::ptr::null_mut();
        // SAFETY: as above.
        let got = unsafe { libc::recvmmsg(server.as_raw_fd(), headers, 4, wait, none) };
        assert_eq!(got, 4);
    }
}

/// Sends `times` messages that the kernel does not copy.
pub fn zero_copy(times: usize) {
    let (client, server) = connection();
    let (descriptor, on) = (client.as_raw_fd(), 1i32);
    let (level, option) = (libc::SOL_SOCKET, libc::SO_ZEROCOPY);
    // SAFETY: the option is a number of four bytes that outlives the call.
    let set = unsafe { libc::setsockopt(descriptor, level, option, (&raw const on).cast(), 4) };
    assert_eq!(set, 0, "{}", Error::last_os_error());
    let reader = read_all(server, times * MESSAGE);
    let message = [7u8; MESSAGE];
    for _ in 0..times {
        let (start, flags) = (message.as_ptr().cast(), libc::MSG_ZEROCOPY);
        // SAFETY: the message is a constant, and outlives the connection.
        let sent = unsafe { libc::send(descriptor, start, MESSAGE, flags) };
        assert_eq!(checked(sent), MESSAGE);
    }
    reader.join().expect("it reads");
}

/// Sends and receives `times` messages by io_uring: in its workers, or by its poller.
pub fn uring(times: usize, polls: bool) {
    let (client, server) = connection();
    let mut ring = Ring::new(polls);
    let (message, mut buffer) = ([7u8; MESSAGE], [0u8; MESSAGE]);
    for _ in 0..times {
        let sent = ring.send(client.as_raw_fd(), &message);
        let got = ring.receive(server.as_raw_fd(), &mut buffer);
        assert_eq!((sent, got), (MESSAGE as i32, MESSAGE as i32));
    }
}

/// Forks a process that gets a connection by `SCM_RIGHTS`, and answers `times` requests on it. It
/// says its own id, and waits for its line.
pub fn passed(ready: impl FnOnce() -> usize, times: usize) {
    let (parent, child) = UnixStream::pair().expect("a pair");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    // SAFETY: there is no other thread.
    match unsafe { nix::unistd::fork() }.expect("a child") {
        nix::unistd::ForkResult::Child => {
            drop((listener, parent));
            let connection = receive_descriptor(&child);
            println!("{}", std::process::id());
            after(ready, || answer(connection, times));
            // SAFETY: the child ends at once, without running any handler.
            unsafe { libc::_exit(0) }
        }
        nix::unistd::ForkResult::Parent { child: pid } => {
            drop(child);
            let mut client = TcpStream::connect(address).expect("its own listener");
            let (accepted, _) = listener.accept().expect("a connection");
            send_descriptor(&parent, accepted.as_raw_fd());
            drop(accepted);
            for _ in 0..times {
                client.write_all(&[1]).expect("asked");
                client.read_exact(&mut [0]).expect("answered");
            }
            nix::sys::wait::waitpid(pid, None).expect("it ends");
        }
    }
}

fn answer(descriptor: RawFd, times: usize) {
    let path = format!("/proc/self/fd/{descriptor}");
    assert!(
        std::fs::read_link(path)
            .expect("open")
            .to_string_lossy()
            .starts_with("socket")
    );
    let mut byte = [0u8];
    for _ in 0..times {
        // SAFETY: the byte outlives the call.
        checked(unsafe { libc::recv(descriptor, byte.as_mut_ptr().cast(), 1, 0) });
        // SAFETY: as above.
        checked(unsafe { libc::send(descriptor, byte.as_ptr().cast(), 1, 0) });
    }
}

/// A message of one byte with room for one descriptor.
fn with_message<T>(act: impl FnOnce(&mut libc::msghdr) -> T) -> T {
    let (mut byte, mut control) = ([0u8; 1], [0u64; 4]);
    let mut vector = libc::iovec {
        iov_base: byte.as_mut_ptr().cast(),
        iov_len: 1,
    };
    // SAFETY: zeros are a message without address, data and control.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    (header.msg_iov, header.msg_iovlen) = (&raw mut vector, 1);
    header.msg_control = control.as_mut_ptr().cast();
    // SAFETY: the macro only calculates.
    header.msg_controllen = unsafe { libc::CMSG_SPACE(4) } as _;
    act(&mut header)
}

fn send_descriptor(to: &UnixStream, descriptor: RawFd) {
    let sent = with_message(|header| {
        // SAFETY: the control buffer has room for a header and a descriptor.
        let control = unsafe { libc::CMSG_FIRSTHDR(header) };
        // SAFETY: the header lies in the buffer, to which nothing else refers.
        let control = unsafe { &mut *control };
        (control.cmsg_level, control.cmsg_type) = (libc::SOL_SOCKET, libc::SCM_RIGHTS);
        // SAFETY: the macro only calculates.
        control.cmsg_len = unsafe { libc::CMSG_LEN(4) } as _;
        // SAFETY: the data of the control message lies in the buffer.
        let data = unsafe { libc::CMSG_DATA(control) }.cast::<RawFd>();
        // SAFETY: as above.
        unsafe { data.write_unaligned(descriptor) };
        // SAFETY: all that the header refers to outlives the call.
        unsafe { libc::sendmsg(to.as_raw_fd(), header, 0) }
    });
    checked(sent);
}

fn receive_descriptor(from: &UnixStream) -> RawFd {
    with_message(|header| {
        // SAFETY: all that the header refers to outlives the call.
        checked(unsafe { libc::recvmsg(from.as_raw_fd(), header, 0) });
        // SAFETY: the kernel wrote a control message with a descriptor.
        let control = unsafe { libc::CMSG_FIRSTHDR(header) };
        // SAFETY: as above.
        let data = unsafe { libc::CMSG_DATA(control) };
        // SAFETY: as above.
        unsafe { data.cast::<RawFd>().read_unaligned() }
    })
}
