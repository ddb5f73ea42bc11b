//! Open files of the running thread.

use crate::config::{
    OFF_FDTABLE_FD, OFF_FDTABLE_MAX_FDS, OFF_FILE_INODE, OFF_FILE_PRIVATE_DATA, OFF_FILES_FDT,
    OFF_INODE_MODE, OFF_SOCKET_SK, OFF_TASK_FILES,
};
use crate::hook::{Access, Helper, Object};

const S_IFMT: u16 = 0o170_000;
/// Type of a socket's inode.
const S_IFSOCK: u16 = 0o140_000;
/// Type of a regular file's inode.
const S_IFREG: u16 = 0o100_000;
/// Type of a block device's inode.
const S_IFBLK: u16 = 0o060_000;
/// Type of a folder's inode.
const S_IFDIR: u16 = 0o040_000;

/// Returns the `struct file` behind a descriptor of the running thread.
#[inline(always)]
pub fn file_of(descriptor: u32) -> Option<Object<Helper>> {
    let files = Helper::current_task().follow(OFF_TASK_FILES.load());
    let table = files.follow(OFF_FILES_FDT.load());
    let most: u32 = table.read(OFF_FDTABLE_MAX_FDS.load());
    if descriptor >= most {
        return None;
    }
    let file = table
        .follow(OFF_FDTABLE_FD.load())
        .follow(u64::from(descriptor) * 8);
    (!file.pointer().is_null()).then_some(file)
}

/// Returns the `struct sock` behind a file, if it is a socket.
#[inline(always)]
pub fn sock_behind(file: Object<Helper>) -> Option<Object<Helper>> {
    if kind_of(file) != S_IFSOCK {
        return None;
    }
    let socket = file.follow(OFF_FILE_PRIVATE_DATA.load());
    let sock = socket.follow(OFF_SOCKET_SK.load());
    (!sock.pointer().is_null()).then_some(sock)
}

/// Whether a file lies in a file system: a regular file, a folder or a block device.
#[inline(always)]
pub fn is_stored(file: Object<Helper>) -> bool {
    let kind = kind_of(file);
    kind == S_IFREG || kind == S_IFDIR || kind == S_IFBLK
}

#[inline(always)]
fn kind_of(file: Object<Helper>) -> u16 {
    let inode = file.follow(OFF_FILE_INODE.load());
    inode.read::<u16>(OFF_INODE_MODE.load()) & S_IFMT
}
