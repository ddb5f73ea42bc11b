//! Which process listens on a port.

use procfs::{
    ProcResult,
    net::{TcpNetEntry, TcpState},
    process::{FDTarget, Process},
};
use std::collections::HashSet;

/// The processes of process group `group` that listen on `port`, in the order of their ids.
///
/// More than one may: servers that fork share their listening socket.
pub(super) fn listeners(port: u16, group: u32) -> Vec<u32> {
    let sockets = listening_sockets(port);
    let member = |process: &Process| {
        process
            .stat()
            .is_ok_and(|stat| u32::try_from(stat.pgrp) == Ok(group))
    };
    let members = procfs::process::all_processes()
        .into_iter()
        .flatten()
        .flatten()
        .filter(member);
    let owners = members.filter(|process| owns_any(process, &sockets));
    let mut pids: Vec<u32> = owners
        .filter_map(|process| u32::try_from(process.pid).ok())
        .collect();
    pids.sort_unstable();
    pids
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
    fn a_listener_is_found_in_its_group_only() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(listeners(port, own_group()).contains(&std::process::id()));
        assert!(listeners(port, 1).is_empty());
    }
}
