//! Shapes of process that are rare in servers and common elsewhere: faults without a page, refused
//! system calls, a main thread that ends first, names that are no text, exec in any thread.
#![expect(
    unsafe_code,
    reason = "signal handlers, raw system calls and memory that is mapped here"
)]

use crate::PAGE;
use nix::libc;
use nix::sys::mman::{MapFlags, ProtFlags, mlock, mmap_anonymous, mprotect, munmap};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use std::ffi::{CString, c_int, c_void};
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

fn map(pages: usize, protection: ProtFlags, extra: MapFlags) -> NonNull<c_void> {
    let length = NonZeroUsize::new(pages * PAGE).expect("some pages");
    let flags = MapFlags::MAP_PRIVATE | extra;
    // SAFETY: a new mapping, wherever there is room, is no other code's memory.
    unsafe { mmap_anonymous(None, length, protection, flags) }.expect("room")
}

const READ_WRITE: ProtFlags = ProtFlags::PROT_READ.union(ProtFlags::PROT_WRITE);

/// Has the kernel populate `pages` pages by `mmap`, and as many by `mlock`.
pub fn populate(pages: usize) {
    let mapped = map(pages, READ_WRITE, MapFlags::MAP_POPULATE);
    let locked = map(pages, READ_WRITE, MapFlags::empty());
    // SAFETY: the mapping has that many pages.
    unsafe { mlock(locked, pages * PAGE) }.expect("root may lock memory");
    for start in [mapped, locked] {
        // SAFETY: nothing refers to the mapping any more.
        unsafe { munmap(start, pages * PAGE) }.expect("it is mapped");
    }
}

static GUARDED: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

extern "C" fn open_page(_signal: c_int) {
    let page = NonNull::new(GUARDED.load(Ordering::Relaxed)).expect("it was mapped");
    // SAFETY: the page is mapped; permission is all that is missing.
    unsafe { mprotect(page, PAGE, READ_WRITE) }.expect("it can be opened");
}

/// Takes `times` faults that end in a signal, whose handler opens the page.
pub fn signals(times: usize) {
    let page = map(1, ProtFlags::PROT_NONE, MapFlags::empty());
    GUARDED.store(page.as_ptr(), Ordering::Relaxed);
    let handler = SigHandler::Handler(open_page);
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler makes one system call only.
    unsafe { sigaction(Signal::SIGSEGV, &action) }.expect("it can be handled");
    for _ in 0..times {
        // SAFETY: the handler opens the page before the write goes on.
        unsafe { page.as_ptr().cast::<u8>().write_volatile(1) };
        // SAFETY: nothing refers to the page.
        unsafe { mprotect(page, PAGE, ProtFlags::PROT_NONE) }.expect("it can be closed");
    }
}

/// Makes `times` system calls fail, since their memory is not there.
pub fn bad_addresses(times: usize) {
    let (_read, write) = nix::unistd::pipe().expect("a pipe");
    use std::os::fd::AsRawFd;
    let page = map(1, ProtFlags::PROT_NONE, MapFlags::empty());
    for _ in 0..times {
        // SAFETY: the kernel finds that the memory may not be read, and refuses.
        let result = unsafe { libc::write(write.as_raw_fd(), page.as_ptr(), 1) };
        assert_eq!(result, -1);
    }
}

/// Returns the CPU time that the thread has used.
pub fn used() -> Duration {
    let clock = nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID;
    Duration::from(nix::time::clock_gettime(clock).expect("a clock of every thread"))
}

/// Computes for this much CPU time, however long that takes.
pub fn compute(cpu_time: Duration) {
    let start = used();
    while used() - start < cpu_time {
        (0..10_000u64).for_each(|number| {
            std::hint::black_box(number);
        });
    }
}

/// Computes for a while and makes a system call that seccomp refuses, `times` times.
pub fn refused(times: usize, each: Duration) {
    refuse_getppid();
    for _ in 0..times {
        compute(each);
        // SAFETY: the call takes no argument.
        let result = unsafe { libc::syscall(libc::SYS_getppid) };
        assert_eq!(result, -1);
    }
}

fn refuse_getppid() {
    let statement = |code: u32, value: u32, (yes, no): (u8, u8)| libc::sock_filter {
        code: code as u16,
        jt: yes,
        jf: no,
        k: value,
    };
    let refuse = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
    let mut filter = [
        // The number is the first word of `seccomp_data`.
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, (0, 0)),
        statement(
            libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
            libc::SYS_getppid as u32,
            (0, 1),
        ),
        statement(libc::BPF_RET | libc::BPF_K, refuse, (0, 0)),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW, (0, 0)),
    ];
    let program = libc::sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_mut_ptr(),
    };
    nix::sys::prctl::set_no_new_privs().expect("it can be given up");
    // SAFETY: the filter lives until the call returns.
    let result = unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const program,
        )
    };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
}

/// Ends the main thread alone, and runs `rest` in another.
pub fn without_main_thread(rest: impl FnOnce() + Send + 'static) {
    std::thread::spawn(|| {
        rest();
        std::process::exit(0);
    });
    // SAFETY: the main thread owns nothing that the other needs.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
}

/// Gives the calling thread a name that is no UTF-8.
pub fn rename(ending: u8) {
    let mut name = *b"Gesch\xe4ftsvorg_\0";
    name[13] = ending;
    // SAFETY: the name ends in NUL.
    let result = unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
    assert_eq!(result, 0);
}

/// Becomes this program with other arguments, from a thread that is not the main one. The main
/// thread computes until then.
pub fn exec_in_thread(arguments: &[&str]) {
    let path = std::env::current_exe().expect("it has a path");
    let text = |text: &str| CString::new(text).expect("no NUL");
    let path = text(path.to_str().expect("text"));
    let arguments: Vec<CString> = arguments.iter().map(|argument| text(argument)).collect();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        let arguments: Vec<&CString> = std::iter::once(&path).chain(&arguments).collect();
        nix::unistd::execv(&path, &arguments).expect("it is a program");
    });
    loop {
        compute(Duration::from_millis(10));
    }
}

/// Forks two workers before it says its id. Each sleeps `times` times once it may begin, and ends.
pub fn workers(ready: impl FnOnce() -> usize, times: usize) {
    let (mut begin, beginning) = std::io::pipe().expect("a pipe");
    let mut beginning = Some(beginning);
    let mut children = Vec::new();
    for _ in 0..2 {
        // SAFETY: there is no other thread.
        match unsafe { nix::unistd::fork() }.expect("a child") {
            nix::unistd::ForkResult::Child => {
                drop(beginning.take());
                // The pipe ends when the parent closes it.
                let _ = std::io::Read::read(&mut begin, &mut [0]);
                crate::sleep(times);
                // SAFETY: the child ends at once, without running any handler.
                unsafe { libc::_exit(0) }
            }
            nix::unistd::ForkResult::Parent { child } => children.push(child),
        }
    }
    println!("{}", std::process::id());
    crate::after(ready, || {
        drop(beginning.take());
        for child in children {
            nix::sys::wait::waitpid(child, None).expect("it ends");
        }
    });
}

/// Forks `times` children that end at once.
pub fn forks(times: usize) {
    for _ in 0..times {
        // SAFETY: there is no other thread.
        match unsafe { nix::unistd::fork() }.expect("a child") {
            nix::unistd::ForkResult::Child => {
                // SAFETY: the child ends at once, without running any handler.
                unsafe { libc::_exit(0) }
            }
            nix::unistd::ForkResult::Parent { child } => {
                nix::sys::wait::waitpid(child, None).expect("it ends");
            }
        }
    }
}

/// Forks a child that computes for this much CPU time, and ends.
pub fn fork_compute(cpu_time: Duration) {
    // SAFETY: there is no other thread.
    match unsafe { nix::unistd::fork() }.expect("a child") {
        nix::unistd::ForkResult::Child => {
            compute(cpu_time);
            // SAFETY: the child ends at once, without running any handler.
            unsafe { libc::_exit(0) }
        }
        nix::unistd::ForkResult::Parent { child } => {
            nix::sys::wait::waitpid(child, None).expect("it ends");
        }
    }
}

/// Forks a child into a cgroup of version 2, which computes for this much CPU time, and ends.
pub fn fork_into(cgroup: &str, cpu_time: Duration) {
    use std::os::fd::AsRawFd;
    const CLONE_INTO_CGROUP: u64 = 1 << 33;
    let folder = std::fs::File::open(cgroup).expect("there is such a group");
    // Fields of `struct clone_args`: flags, …, exit_signal, …, cgroup.
    let mut arguments = [0u64; 11];
    arguments[0] = CLONE_INTO_CGROUP;
    arguments[4] = libc::SIGCHLD as u64;
    arguments[10] = folder.as_raw_fd() as u64;
    // SAFETY: the kernel reads that many bytes, and there is no other thread.
    let child = unsafe {
        libc::syscall(
            libc::SYS_clone3,
            arguments.as_ptr(),
            size_of_val(&arguments),
        )
    };
    if child == 0 {
        compute(cpu_time);
        // SAFETY: the child ends at once, without running any handler.
        unsafe { libc::_exit(0) }
    }
    let child = nix::unistd::Pid::from_raw(i32::try_from(child).expect("a process id"));
    assert!(child.as_raw() > 0, "{}", std::io::Error::last_os_error());
    nix::sys::wait::waitpid(child, None).expect("it ends");
}
