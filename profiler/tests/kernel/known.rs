//! A process of known behaviour, for the tests of the recorder: it waits for a line, does exactly
//! what its arguments say, prints `done`, and waits for the end of its input.

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::EventFd;
use std::io::{ErrorKind, Read, Write, pipe, stdin, stdout};
mod known_crowd;
mod known_disk;
mod known_moves;
mod known_peers;
mod known_relay;
mod known_shapes;
mod known_sites;
mod known_ticks;
mod known_turns;
mod known_upstreams;
mod known_uring;
mod known_waits;
use known_sites::Fresh;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::TcpStreamExt;
use std::time::{Duration, Instant};

const PAGE: usize = 4096;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| -> usize { arguments[index].parse().expect("a number") };
    // Huge pages would make one fault of five hundred.
    nix::sys::prctl::set_thp_disable(true).expect("huge pages can be refused");
    let wait_for_line = || {
        stdin()
            .read_line(&mut String::new())
            .expect("standard input")
    };
    if arguments[0] == "relay-peer" {
        return known_relay::peer(number(1) as u16, number(2));
    }
    if arguments[0] == "pool-peer" {
        return known_relay::pool_peer(number(1) as u16, number(2));
    }
    if arguments[0] == "after-exec" {
        return after(|| 0, || ());
    }
    if arguments[0] == "names" {
        known_shapes::rename(b'0');
    }
    if !["workers", "passed"].contains(&arguments[0].as_str()) {
        println!("{}", std::process::id());
    }
    match arguments[0].as_str() {
        "sleep" => after(wait_for_line, || sleep(number(1))),
        "touch" => after(wait_for_line, || touch(number(1))),
        "talk" => after(wait_for_line, || talk(number(1), number(2))),
        "all-kinds" => after(wait_for_line, || {
            sleep(number(1));
            touch(number(2));
            fail(number(3));
            talk(number(4), number(5));
        }),
        "answer" => answer(wait_for_line, number(1), number(2) == 1),
        "peek" => after(wait_for_line, || peek(number(1))),
        "threads" => after(wait_for_line, || threads(number(1))),
        "ticks" => known_ticks::ticks(wait_for_line),
        "burn" => after(wait_for_line, || {
            burn(Duration::from_millis(number(1) as u64))
        }),
        "pulse" => after(wait_for_line, || pulse(number(1))),
        "spin" => after(wait_for_line, || {
            known_sites::spin(milliseconds(number(1)));
        }),
        "sites" => sites(wait_for_line, number(1), number(2)),
        "fail" => after(wait_for_line, || fail(number(1))),
        "turns" => after(wait_for_line, || turns(number(1), number(2), number(3))),
        "relay" => known_relay::relay(wait_for_line, number(1)),
        "pool" => known_relay::pool(wait_for_line, number(1)),
        "late-pool" => {
            wait_for_line();
            // It listens only now.
            known_relay::pool(|| 0, number(1));
        }
        "workers" => known_shapes::workers(wait_for_line, number(1)),
        "bursts" => after(wait_for_line, || bursts(number(1))),
        "populate" => after(wait_for_line, || known_shapes::populate(number(1))),
        "signals" => after(wait_for_line, || known_shapes::signals(number(1))),
        "bad-addresses" => after(wait_for_line, || known_shapes::bad_addresses(number(1))),
        "refused" => after(wait_for_line, || {
            known_shapes::refused(number(1), Duration::from_millis(10))
        }),
        "orphan" => {
            let times = number(1);
            known_shapes::without_main_thread(move || after(wait_for_line, || sleep(times)))
        }
        "names" => after(wait_for_line, || names(number(1))),
        "exec" => {
            wait_for_line();
            known_shapes::exec_in_thread(&["after-exec"]);
        }
        "compute" => after(wait_for_line, || {
            known_shapes::compute(Duration::from_millis(number(1) as u64))
        }),
        "fork-compute" => after(wait_for_line, || {
            known_shapes::fork_compute(milliseconds(number(1)));
        }),
        "fork-into" => after(wait_for_line, || {
            known_shapes::fork_into(&arguments[1], milliseconds(number(2)));
        }),
        "accepts" => after(wait_for_line, || known_peers::accepts(number(1))),
        "two-ports" => after(wait_for_line, known_peers::two_ports),
        "third-parties" => after(wait_for_line, || {
            known_peers::third_parties(
                number(1) as u16,
                number(2) as u16,
                &arguments[3],
                number(4),
            );
        }),
        "ask" => after(wait_for_line, || {
            let took = known_upstreams::ask(number(1) as u16, number(2));
            println!("{}", took.as_nanos());
        }),
        "overfill" => after(wait_for_line, || {
            known_upstreams::overfill(number(1) as u16, &arguments[2]);
        }),
        "connect-in-vain" => after(wait_for_line, || {
            known_peers::connect_in_vain(number(1) as u16);
        }),
        "reconnect" => after(wait_for_line, || {
            known_peers::reconnect(number(1) as u16, number(2));
        }),
        "resolve" => after(wait_for_line, || {
            known_peers::resolve(&arguments[1], number(2));
        }),
        "scatter" => after(wait_for_line, || {
            known_peers::scatter(number(1) as u16, number(2) as u16);
        }),
        "crowd" => {
            let length = milliseconds(number(3));
            known_crowd::crowd(wait_for_line, number(1), number(2), length);
        }
        "splice" => after(wait_for_line, || known_moves::splice(number(1))),
        "send-file" => after(wait_for_line, || known_moves::send_file(number(1))),
        "many-messages" => after(wait_for_line, || known_moves::many_messages(number(1))),
        "zero-copy" => after(wait_for_line, || known_moves::zero_copy(number(1))),
        "uring" => after(wait_for_line, || {
            known_moves::uring(number(1), arguments[2] == "poller");
        }),
        "passed" => known_moves::passed(wait_for_line, number(1)),
        "listen" => {
            let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
            println!("{}", socket.local_addr().expect("bound").port());
            after(wait_for_line, || sleep(number(1)));
        }
        "locks" => after(wait_for_line, || {
            known_waits::locks(number(1), milliseconds(number(2)));
        }),
        "limited-locks" => after(wait_for_line, || {
            known_turns::turns(number(1), milliseconds(number(2)));
        }),
        "passes" => after(wait_for_line, || {
            known_waits::passes(number(1), milliseconds(number(2)));
        }),
        "file-locks" => after(wait_for_line, || {
            known_waits::file_locks(&arguments[3], number(1), milliseconds(number(2)));
        }),
        "answers" => after(wait_for_line, || {
            known_waits::answers(number(1), milliseconds(number(2)));
        }),
        "direct-io" => after(wait_for_line, || {
            known_disk::direct_io(&arguments[1], number(2));
        }),
        "late-sleepers" => known_crowd::late_sleepers(wait_for_line, number(1)),
        "churn" => after(wait_for_line, || known_crowd::churn(number(1))),
        "paced" => known_crowd::paced(wait_for_line, number(1)),
        "pairs" => known_crowd::pairs(wait_for_line, number(1), number(2)),
        "hold" => known_crowd::hold(wait_for_line, number(1), number(2)),
        "forks" => after(wait_for_line, || known_shapes::forks(number(1))),
        "datagrams" => after(wait_for_line, || datagrams(number(1))),
        other => panic!("unknown behaviour {other}"),
    }
}

fn milliseconds(count: usize) -> Duration {
    Duration::from_millis(count as u64)
}

fn after(ready: impl FnOnce() -> usize, act: impl FnOnce()) {
    ready();
    act();
    println!("done");
    stdout().flush().expect("standard output");
    // The end of input is the end; anything else on it is as good.
    let _ = stdin().read(&mut [0]);
}

/// Sleeps `times` times, a millisecond each.
fn sleep(times: usize) {
    (0..times).for_each(|_| std::thread::sleep(Duration::from_millis(1)));
}

/// Writes to `pages` new pages.
fn touch(pages: usize) {
    let mut memory = vec![0u8; pages * PAGE];
    memory.iter_mut().step_by(PAGE).for_each(|byte| *byte = 1);
    std::hint::black_box(&memory);
}

/// Writes to `pages` new pages, and returns one to the kernel `times` times. The same code runs
/// once before the recording, so that its own pages are resident.
fn sites(ready: impl FnOnce() -> usize, pages: usize, times: usize) {
    let work = |pages, times| {
        let fresh = Fresh::map(pages);
        fresh.touch();
        fresh.give_back(times);
        fresh.give_back_astray(times);
        fresh.unmap();
    };
    work(1, 1);
    after(ready, || work(pages, times));
}

/// Sends `messages` of `size` bytes over a new loopback connection; each is sent back.
fn talk(messages: usize, size: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let echo = std::thread::spawn(move || {
        let (mut peer, _) = listener.accept().expect("a connection");
        exchange(&mut peer, messages, size, false);
    });
    let mut stream = TcpStream::connect(address).expect("its own listener");
    exchange(&mut stream, messages, size, true);
    drop(stream);
    echo.join().expect("the echo ends");
}

/// Answers a client in this process `times` times, in two sends each. The client acknowledges late,
/// so that the second send waits for the acknowledgement unless `at_once`.
fn answer(ready: impl FnOnce() -> usize, times: usize, at_once: bool) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    after(ready, || {
        let client = std::thread::spawn(move || {
            let mut server = TcpStream::connect(address).expect("its own listener");
            for _ in 0..times {
                server.set_quickack(false).expect("it can be late");
                server.write_all(&[7]).expect("asked");
                server.read_exact(&mut [0; 2]).expect("both parts");
            }
        });
        let (mut to, _) = listener.accept().expect("a connection");
        to.set_nodelay(at_once).expect("it can be said");
        for _ in 0..times {
            to.read_exact(&mut [0]).expect("a question");
            to.write_all(&[1]).expect("sent");
            to.write_all(&[2]).expect("sent");
        }
        client.join().expect("it ends");
    });
}

/// Receives `times` bytes over a new loopback connection, and peeks at each byte first.
fn peek(times: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut to =
        TcpStream::connect(listener.local_addr().expect("bound")).expect("its own listener");
    let (mut from, _) = listener.accept().expect("a connection");
    for _ in 0..times {
        to.write_all(&[7]).expect("sent");
        from.peek(&mut [0]).expect("something came");
        from.read_exact(&mut [0]).expect("received");
    }
}

fn exchange(stream: &mut TcpStream, messages: usize, size: usize, first: bool) {
    let mut message = vec![7; size];
    for _ in 0..messages {
        if first {
            stream.write_all(&message).expect("sent");
        }
        stream.read_exact(&mut message).expect("received");
        if !first {
            stream.write_all(&message).expect("sent");
        }
    }
}

/// Starts `count` threads that sleep a moment and end.
fn threads(count: usize) {
    let nap = || std::thread::sleep(Duration::from_millis(5));
    let threads: Vec<_> = (0..count).map(|_| std::thread::spawn(nap)).collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().expect("it only sleeps"));
    // A thread can be joined before the kernel has ended it.
    let left = || std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    while left() > 1 {
        std::thread::yield_now();
    }
}

/// Renames itself `times` times, a millisecond apart, to names that are no UTF-8.
fn names(times: usize) {
    for time in 0..times {
        std::thread::sleep(Duration::from_millis(1));
        known_shapes::rename(b'0' + (time % 10) as u8);
    }
}

/// Sends `times` datagrams to itself.
fn datagrams(times: usize) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let own = socket.local_addr().expect("bound");
    socket.connect(own).expect("its own address");
    for _ in 0..times {
        socket.send(&[7; 100]).expect("sent");
        socket.recv(&mut [0; 100]).expect("received");
    }
}

/// Computes for `length`.
fn burn(length: Duration) {
    let start = Instant::now();
    let mut sum = 0u64;
    while start.elapsed() < length {
        (0..10_000u64).for_each(|number| sum = std::hint::black_box(sum.wrapping_add(number)));
    }
}

/// Computes and sleeps by turns, 30 ms of each 100 ms, for `seconds`.
fn pulse(seconds: usize) {
    for _ in 0..seconds * 10 {
        burn(Duration::from_millis(30));
        std::thread::sleep(Duration::from_millis(70));
    }
}

/// Reads `times` times from a socket that has nothing.
fn fail(times: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut stream =
        TcpStream::connect(listener.local_addr().expect("bound")).expect("its own listener");
    stream.set_nonblocking(true).expect("a socket can be");
    for _ in 0..times {
        let error = stream.read(&mut [0]).expect_err("nothing was sent");
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
}

/// Calls `epoll_wait`: `ready` times with an event ready, `spun` times without an event and with
/// timeout 0, and `slept` times without an event and with a timeout of one millisecond.
fn turns(ready: usize, spun: usize, slept: usize) {
    let epoll = Epoll::new(EpollCreateFlags::empty()).expect("an epoll");
    let event = EventFd::new().expect("an eventfd");
    epoll
        .add(&event, EpollEvent::new(EpollFlags::EPOLLIN, 0))
        .expect("it can be waited for");
    let wait = |timeout: u16| {
        let found = epoll.wait(&mut [EpollEvent::empty()], EpollTimeout::from(timeout));
        found.expect("it can wait")
    };
    for _ in 0..ready {
        event.write(1).expect("written");
        assert_eq!(wait(1000), 1);
        event.read().expect("there is one");
    }
    (0..spun).for_each(|_| assert_eq!(wait(0), 0));
    (0..slept).for_each(|_| assert_eq!(wait(1), 0));
}

/// Wakes a thread that has the name of a gc thread `times` times, 5 ms apart. The thread is asleep
/// each time, so that each write causes one wake-up.
fn bursts(times: usize) {
    let (mut asked, mut ask) = pipe().expect("a pipe");
    let (mut answer, mut answered) = pipe().expect("a pipe");
    let helper = std::thread::Builder::new().name("HeapHelper".into());
    let helper = helper.spawn(move || {
        let id = nix::unistd::gettid().as_raw();
        answered.write_all(&id.to_ne_bytes()).expect("written");
        for _ in 0..times {
            asked.read_exact(&mut [0]).expect("asked");
            answered.write_all(&[0; 4]).expect("written");
        }
    });
    let helper = helper.expect("a thread");
    let mut id = [0; 4];
    answer.read_exact(&mut id).expect("it says who it is");
    let stat = format!("/proc/self/task/{}/stat", i32::from_ne_bytes(id));
    for _ in 0..times {
        std::thread::sleep(Duration::from_millis(5));
        while !std::fs::read_to_string(&stat)
            .expect("it lives")
            .contains(") S ")
        {
            std::thread::yield_now();
        }
        ask.write_all(&[1]).expect("written");
        answer.read_exact(&mut [0; 4]).expect("answered");
    }
    helper.join().expect("it ends");
}
