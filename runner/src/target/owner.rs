//! Processes of a group, and the process that listens on a port.

use procfs::{
    ProcResult,
    net::{TcpNetEntry, TcpState},
    process::{FDTarget, Process, Stat},
};
use std::collections::HashSet;

/// Returns the start time of a process in clock ticks since boot; `None` if it has ended.
pub(super) fn start_time(pid: u32) -> Option<u64> {
    let stat = Process::new(i32::try_from(pid).ok()?).ok()?.stat().ok()?;
    (!is_dead(&stat)).then_some(stat.starttime)
}

/// Whether process group `group` has a process that has not ended.
pub(super) fn has_members(group: u32) -> bool {
    members(group).next().is_some()
}

/// Returns the processes of group `group` that listen on `port`, in the order of their ids.
///
/// Several may: servers that fork share their listening socket.
pub(super) fn listeners(port: u16, group: u32) -> Vec<u32> {
    let sockets = listening_sockets(port);
    let owners = members(group).filter(|process| owns_any(process, &sockets));
    let mut pids: Vec<u32> = owners
        .filter_map(|process| u32::try_from(process.pid).ok())
        .collect();
    pids.sort_unstable();
    pids
}

fn members(group: u32) -> impl Iterator<Item = Process> {
    let processes = procfs::process::all_processes()
        .into_iter()
        .flatten()
        .flatten();
    let belongs = move |stat: Stat| u32::try_from(stat.pgrp) == Ok(group) && !is_dead(&stat);
    processes.filter(move |process| process.stat().is_ok_and(belongs))
}

/// Whether it is a zombie, which has an entry in /proc but serves nothing.
fn is_dead(stat: &Stat) -> bool {
    matches!(stat.state, 'Z' | 'X')
}

fn listening_sockets(port: u16) -> HashSet<u64> {
    let read = |table: ProcResult<Vec<TcpNetEntry>>| table.unwrap_or_default();
    let entries = read(procfs::net::tcp())
        .into_iter()
        .chain(read(procfs::net::tcp6()));
    let listens =
        |entry: &TcpNetEntry| entry.state == TcpState::Listen && entry.local_address.port() == port;
    entries.filter(listens).map(|entry| entry.inode).collect()
}

fn owns_any(process: &Process, sockets: &HashSet<u64>) -> bool {
    let files = process.fd().into_iter().flatten().flatten();
    files
        .into_iter()
        .any(|file| matches!(file.target, FDTarget::Socket(inode) if sockets.contains(&inode)))
}

#[cfg(test)]
mod tests {
    use super::listeners;
    use std::net::TcpListener;

    fn own_group() -> u32 {
        nix::unistd::getpgrp().as_raw().unsigned_abs()
    }

    #[test]
    fn finds_listeners_of_the_group_only() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(listeners(port, own_group()).contains(&std::process::id()));
        assert!(listeners(port, 1).is_empty());
    }
}
