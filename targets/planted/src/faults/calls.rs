//! Faults that make needless system calls.

use super::Fault;
use crate::truth;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::getppid;
use rustix::{
    event::{Timespec, epoll},
    fd::OwnedFd,
    io,
};
use std::{hint::black_box, mem::MaybeUninit, net::TcpStream, os::unix::net::UnixStream};

const AT_ONCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 0,
};

/// Makes a needless system call.
pub struct Needless(pub u64);

impl Fault for Needless {
    fn token(&self) {
        for _ in 0..self.0 {
            black_box(getppid());
        }
        truth::count(self.0);
    }
}

/// Reads a clock that the vDSO does not serve.
pub struct Clock(pub u64);

impl Fault for Clock {
    fn token(&self) {
        for _ in 0..self.0 {
            let _ = black_box(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID));
        }
        truth::count(self.0);
    }
}

/// Receives from an empty socket, which fails with EAGAIN. Uses rustix, whose calls are bare: the C
/// library's check for thread cancellation.
pub struct FailingReads {
    dose: u64,
    silent: UnixStream,
    _other_end: UnixStream,
}

impl FailingReads {
    pub fn new(dose: u64) -> std::io::Result<Self> {
        let (silent, other_end) = UnixStream::pair()?;
        silent.set_nonblocking(true)?;
        Ok(Self {
            dose,
            silent,
            _other_end: other_end,
        })
    }
}

impl Fault for FailingReads {
    fn token(&self) {
        let read = || io::read(&self.silent, &mut [0; 64]);
        let failed = (0..self.dose).filter(|_| read().is_err()).count();
        truth::count(failed as u64);
    }
}

/// Polls without any event.
pub struct EmptyPolls {
    dose: u64,
    epoll: OwnedFd,
}

impl EmptyPolls {
    pub fn new(dose: u64) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self { dose, epoll })
    }
}

impl Fault for EmptyPolls {
    fn token(&self) {
        let mut room = [MaybeUninit::<epoll::Event>::uninit()];
        let mut is_empty = || {
            let events = epoll::wait(&self.epoll, &mut room, Some(&AT_ONCE));
            events.is_ok_and(|(events, _)| events.is_empty())
        };
        let empty = (0..self.dose).filter(|_| is_empty()).count();
        truth::count(empty as u64);
    }
}

/// Opens connections and closes them unused.
pub struct Reconnects {
    dose: u64,
    address: String,
}

impl Reconnects {
    pub fn new(dose: u64, upstream: &str) -> Self {
        let address = upstream.trim_start_matches("http://").to_owned();
        Self { dose, address }
    }
}

impl Fault for Reconnects {
    fn token(&self) {
        for _ in 0..self.dose {
            let connection = TcpStream::connect(&self.address);
            truth::count(u64::from(connection.is_ok()));
        }
    }
}
