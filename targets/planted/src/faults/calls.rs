//! Faults of asking the kernel more than is needed.

use super::Fault;
use crate::truth;
use nix::{
    sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollTimeout},
    time::{ClockId, clock_gettime},
    unistd::getppid,
};
use std::{
    hint::black_box,
    io::{self, Read},
    net::TcpStream,
    os::unix::net::UnixStream,
};

/// Asks what nobody wants to know.
pub struct Needless(pub u64);

impl Fault for Needless {
    fn token(&self) {
        for _ in 0..self.0 {
            black_box(getppid());
        }
        truth::count(self.0);
    }
}

/// Reads a clock that is no matter of the vDSO.
pub struct Clock(pub u64);

impl Fault for Clock {
    fn token(&self) {
        for _ in 0..self.0 {
            let _ = black_box(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID));
        }
        truth::count(self.0);
    }
}

/// Receives where nothing has come.
pub struct FailingReads {
    dose: u64,
    silent: UnixStream,
    _other_end: UnixStream,
}

impl FailingReads {
    pub fn new(dose: u64) -> io::Result<Self> {
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
        for _ in 0..self.dose {
            let read = (&self.silent).read(&mut [0; 64]);
            truth::count(u64::from(read.is_err()));
        }
    }
}

/// Asks for events where there are none.
pub struct EmptyPolls {
    dose: u64,
    epoll: Epoll,
}

impl EmptyPolls {
    pub fn new(dose: u64) -> nix::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        Ok(Self { dose, epoll })
    }
}

impl Fault for EmptyPolls {
    fn token(&self) {
        for _ in 0..self.dose {
            let events = self
                .epoll
                .wait(&mut [EpollEvent::empty()], EpollTimeout::ZERO);
            truth::count(u64::from(events == Ok(0)));
        }
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
