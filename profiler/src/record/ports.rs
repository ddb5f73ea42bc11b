//! TCP ports that a process listens on, and the connections open at them.

use super::proc_snapshot;
use procfs::net::{TcpNetEntry, TcpState};
use procfs::process::FDTarget;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;

/// Returns the TCP ports that a process listens on; empty if its descriptors cannot be read.
pub fn listening_ports(pid: u32) -> Vec<u16> {
    let sockets = socket_inodes(pid);
    sockets_in(pid, TcpState::Listen)
        .filter(|entry| sockets.contains(&entry.inode))
        .map(|entry| entry.local_address.port())
        .collect()
}

/// Returns the TCP ports that any process listens on in the network namespaces of some processes.
/// One process may accept a connection and pass it to another (`SCM_RIGHTS`).
pub fn ports_listened_on(pids: &[u32]) -> BTreeSet<u16> {
    let (mut namespaces, mut ports) = (BTreeSet::new(), BTreeSet::new());
    for pid in pids {
        let folder = proc_snapshot::folder(*pid);
        let namespace = folder.and_then(|folder| fs::metadata(folder.join("ns/net")).ok());
        if namespace.is_none_or(|namespace| namespaces.insert(namespace.ino())) {
            ports
                .extend(sockets_in(*pid, TcpState::Listen).map(|entry| entry.local_address.port()));
        }
    }
    ports
}

/// Returns the number of established connections to these ports, in the process's network
/// namespace.
pub fn open_connections(pid: u32, ports: &[u16]) -> u64 {
    sockets_in(pid, TcpState::Established)
        .filter(|entry| ports.contains(&entry.local_address.port()))
        .count() as u64
}

/// Returns the sockets in one state of the process's network namespace.
fn sockets_in(pid: u32, state: TcpState) -> impl Iterator<Item = TcpNetEntry> {
    let process = proc_snapshot::open(pid);
    let tables = process.map(|process| [process.tcp(), process.tcp6()]);
    let entries = tables.into_iter().flatten().flatten().flatten();
    entries.filter(move |entry| entry.state == state)
}

fn socket_inodes(pid: u32) -> BTreeSet<u64> {
    let descriptors = proc_snapshot::open(pid).and_then(|process| process.fd().ok());
    let descriptors = descriptors.into_iter().flatten().flatten();
    let inode = |target| match target {
        FDTarget::Socket(inode) => Some(inode),
        _ => None,
    };
    descriptors.filter_map(|fd| inode(fd.target)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn finds_listening_sockets_and_counts_their_connections() {
        let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = socket.local_addr().expect("bound").port();
        assert!(listening_ports(std::process::id()).contains(&port));
        assert!(ports_listened_on(&[std::process::id()]).contains(&port));
        let open = || open_connections(std::process::id(), &[port]);
        assert_eq!(open(), 0);
        let client = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        assert_eq!(open(), 1);
        drop(client);
        drop(socket);
        assert!(!listening_ports(std::process::id()).contains(&port));
    }

    #[test]
    fn finds_no_ports_of_a_process_that_is_not_there() {
        assert_eq!(listening_ports(u32::MAX >> 1), [0; 0]);
    }
}
