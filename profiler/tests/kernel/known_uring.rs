//! A minimal io_uring: one request at a time.
#![expect(unsafe_code, reason = "the rings are memory shared with the kernel")]

use nix::libc;
use std::io::Error;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU32, Ordering};

const SETUP_SQPOLL: u32 = 1 << 1;
const SQ_NEED_WAKEUP: u32 = 1;
const ENTER_GETEVENTS: u32 = 1;
const ENTER_SQ_WAKEUP: u32 = 2;
const OP_SEND: u8 = 26;
const OP_RECV: u8 = 27;
const SQE_ASYNC: u8 = 1 << 4;
const ENTRIES: u32 = 4;

/// `struct io_sqring_offsets` and `struct io_cqring_offsets` of include/uapi/linux/io_uring.h.
#[derive(Default)]
#[repr(C)]
struct Offsets {
    head: u32,
    tail: u32,
    ring_mask: u32,
    ring_entries: u32,
    /// `flags` of the submission queue, `overflow` of the completion queue.
    flags: u32,
    /// `dropped`, or `cqes`.
    cqes: u32,
    /// `array`, or `flags`.
    array: u32,
    reserved: [u32; 3],
}

/// `struct io_uring_params`.
#[derive(Default)]
#[repr(C)]
struct Parameters {
    sq_entries: u32,
    cq_entries: u32,
    flags: u32,
    sq_thread_cpu: u32,
    sq_thread_idle: u32,
    features: u32,
    wq_fd: u32,
    reserved: [u32; 3],
    sq: Offsets,
    cq: Offsets,
}

/// `struct io_uring_sqe`.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Request {
    opcode: u8,
    flags: u8,
    ioprio: u16,
    descriptor: i32,
    offset: u64,
    address: u64,
    length: u32,
    rest: [u32; 9],
}

const _: () = assert!(size_of::<Parameters>() == 120 && size_of::<Request>() == 64);

/// A ring whose requests run in workers, or are taken by a polling thread of the kernel.
pub struct Ring {
    descriptor: RawFd,
    parameters: Parameters,
    submissions: *mut u8,
    completions: *mut u8,
    requests: *mut Request,
    polls: bool,
}

impl Ring {
    pub fn new(polls: bool) -> Self {
        let mut parameters = Parameters {
            flags: if polls { SETUP_SQPOLL } else { 0 },
            sq_thread_idle: 2_000,
            ..Parameters::default()
        };
        let pointer = &raw mut parameters;
        // SAFETY: the parameters outlive the call.
        let made = unsafe { libc::syscall(libc::SYS_io_uring_setup, ENTRIES, pointer) };
        assert!(made >= 0, "{}", Error::last_os_error());
        let descriptor = made as RawFd;
        let map = |offset: i64| {
            let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
            let none = std::ptr::null_mut();
            // SAFETY: a new mapping, wherever there is room, is no other code's memory.
            let start = unsafe { libc::mmap(none, 4096, protection, flags, descriptor, offset) };
            assert_ne!(start, libc::MAP_FAILED, "{}", Error::last_os_error());
            start.cast::<u8>()
        };
        Ring {
            submissions: map(0),
            completions: map(0x800_0000),
            requests: map(0x1000_0000).cast(),
            descriptor,
            parameters,
            polls,
        }
    }

    pub fn send(&mut self, to: RawFd, bytes: &[u8]) -> i32 {
        self.run(OP_SEND, to, bytes.as_ptr() as u64, bytes.len())
    }

    pub fn receive(&mut self, from: RawFd, bytes: &mut [u8]) -> i32 {
        self.run(OP_RECV, from, bytes.as_mut_ptr() as u64, bytes.len())
    }

    /// Returns a counter of a ring.
    fn counter(start: *mut u8, offset: u32) -> &'static AtomicU32 {
        let counter = start.wrapping_add(offset as usize).cast::<AtomicU32>();
        // SAFETY: the ring stays mapped until the process ends.
        unsafe { &*counter }
    }

    fn run(&mut self, opcode: u8, descriptor: RawFd, address: u64, length: usize) -> i32 {
        let (sq, cq) = (&self.parameters.sq, &self.parameters.cq);
        let tail = Self::counter(self.submissions, sq.tail);
        let at = tail.load(Ordering::Relaxed);
        let request = Request {
            opcode,
            flags: if self.polls { 0 } else { SQE_ASYNC },
            descriptor,
            address,
            length: length as u32,
            ..Request::default()
        };
        let slot = at % ENTRIES;
        let entry = self.requests.wrapping_add(slot as usize);
        // SAFETY: the entry is mapped, and free: one request runs at a time.
        unsafe { entry.write_volatile(request) };
        Self::counter(self.submissions, sq.array + 4 * slot).store(slot, Ordering::Relaxed);
        tail.store(at + 1, Ordering::Release);
        let flags = Self::counter(self.submissions, sq.flags);
        let sleeps = flags.load(Ordering::SeqCst) & SQ_NEED_WAKEUP != 0;
        let wake = if self.polls && sleeps {
            ENTER_SQ_WAKEUP
        } else {
            0
        };
        let (enter, none) = (libc::SYS_io_uring_enter, std::ptr::null::<u8>());
        let flags = ENTER_GETEVENTS | wake;
        // SAFETY: the request's memory outlives it, since the call waits for its end.
        let entered = unsafe { libc::syscall(enter, self.descriptor, 1, 1, flags, none, 0) };
        assert!(entered >= 0, "{}", Error::last_os_error());
        let head = Self::counter(self.completions, cq.head);
        let next = head.load(Ordering::Relaxed);
        let at = cq.cqes + 16 * (next % self.parameters.cq_entries) + 8;
        let result = Self::counter(self.completions, at).load(Ordering::Acquire);
        head.store(next + 1, Ordering::Release);
        result.cast_signed()
    }
}
