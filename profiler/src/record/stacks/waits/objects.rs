//! Files and peers that threads waited for, by name.

use crate::record::drain;
use crate::record::peers;
use anyhow::Result;
use aya::Ebpf;
use profiler_common::wait_object::{FILE, PEER, UNIX_PEER};
use profiler_common::{WaitObject, WaitSum};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Files and peers that are kept. A process may open a new file for each wait.
const MOST_KEPT: usize = 16_384;
/// Files and peers that a recording names: those with the longest waits.
const MOST_NAMED: usize = 256;

/// The file or the peer that a thread waited for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// The path of a file, or its last part.
    File(String),
    /// The address of a peer.
    Peer(String),
}

/// Files and peers by the keys that waits have.
#[derive(Debug, Default)]
pub struct Objects(BTreeMap<u64, Object>);

impl Objects {
    /// Takes files and peers out of their map, and looks up the paths of new ones while the
    /// processes still have them open.
    ///
    /// # Errors
    /// The map cannot be read.
    pub fn take(&mut self, bpf: &mut Ebpf) -> Result<()> {
        for (key, found) in drain::take::<u64, WaitObject>(bpf, "WAIT_OBJECTS")? {
            if self.0.len() < MOST_KEPT && !self.0.contains_key(&key) {
                self.0.extend(named(&found).map(|object| (key, object)));
            }
        }
        Ok(())
    }

    /// Returns the files and peers with the longest waits, by their keys.
    pub fn longest<'a>(
        &self,
        waits: impl Iterator<Item = (u64, &'a WaitSum)>,
    ) -> BTreeMap<u64, Object> {
        let mut lengths: BTreeMap<&Object, u64> = BTreeMap::new();
        for (key, sum) in waits {
            if let Some(object) = self.0.get(&key) {
                *lengths.entry(object).or_default() += sum.off_cpu_ns;
            }
        }
        let mut lengths: Vec<(&Object, u64)> = lengths.into_iter().collect();
        lengths.sort_by_key(|(_, length)| Reverse(*length));
        lengths.truncate(MOST_NAMED);
        let longest: BTreeSet<&Object> = lengths.into_iter().map(|(object, _)| object).collect();
        let objects = self.0.iter().filter(|(_, object)| longest.contains(object));
        objects
            .map(|(key, object)| (*key, object.clone()))
            .collect()
    }
}

/// Returns the name of a file or a peer.
fn named(found: &WaitObject) -> Option<Object> {
    match found.kind {
        FILE => {
            let name = name_of(found);
            Some(Object::File(path_of(found, &name).unwrap_or(name)))
        }
        PEER => peers::address(&found.peer).map(Object::Peer),
        UNIX_PEER => {
            let name = found.name();
            let len = name.len().min(found.name_len as usize);
            Some(Object::Peer(peers::unix_name(&name[..len])))
        }
        _ => None,
    }
}

/// Returns the last part of a file's path.
fn name_of(found: &WaitObject) -> String {
    let name = found.name();
    let end = name.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(&name[..end.unwrap_or(name.len())]).into_owned()
}

/// Returns the path of a file, if the descriptor still refers to it. `fdinfo` has the inode: to ask
/// the file itself could wait for a remote file system.
fn path_of(found: &WaitObject, name: &str) -> Option<String> {
    let process = Path::new("/proc").join(found.tgid.to_string());
    let descriptor = found.descriptor.to_string();
    let info = std::fs::read_to_string(process.join("fdinfo").join(&descriptor)).ok()?;
    let mut lines = info.lines();
    let inode = lines.find_map(|line| line.strip_prefix("ino:"))?;
    if inode.trim().parse() != Ok(found.inode) {
        return None;
    }
    let path = std::fs::read_link(process.join("fd").join(&descriptor)).ok()?;
    let path = path.to_string_lossy();
    let (_, last) = path.rsplit_once('/')?;
    (path.starts_with('/') && last.starts_with(name)).then(|| path.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use profiler_common::PeerKey;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;

    fn file(name: &str) -> WaitObject {
        let mut found = WaitObject {
            kind: FILE,
            tgid: std::process::id(),
            descriptor: u32::MAX,
            ..WaitObject::default()
        };
        for (word, bytes) in found.name.iter_mut().zip(name.as_bytes().chunks(8)) {
            let mut whole = [0; 8];
            whole[..bytes.len()].copy_from_slice(bytes);
            *word = u64::from_ne_bytes(whole);
        }
        found
    }

    #[test]
    fn finds_the_path_only_behind_the_same_inode() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a\u{1b}[31m\nb.log");
        let open = std::fs::File::create(&path).expect("a file");
        let found = WaitObject {
            inode: open.metadata().expect("it has some").ino(),
            descriptor: open.as_raw_fd().cast_unsigned(),
            ..file("a\u{1b}[31m\nb.log")
        };
        let path = path.to_str().expect("UTF-8").to_owned();
        assert_eq!(named(&found), Some(Object::File(path)));
        let another = WaitObject {
            inode: found.inode + 1,
            ..found
        };
        let name = "a\u{1b}[31m\nb.log".to_owned();
        assert_eq!(named(&another), Some(Object::File(name)));
        assert_eq!(named(&file("gone")), Some(Object::File("gone".into())));
    }

    #[test]
    fn names_peers_of_both_families() {
        let internet = WaitObject {
            kind: PEER,
            peer: PeerKey::v4([127, 0, 0, 1], 5432, profiler_common::peer::TCP),
            ..WaitObject::default()
        };
        assert_eq!(
            named(&internet),
            Some(Object::Peer("127.0.0.1:5432".into()))
        );
        let unix = WaitObject {
            kind: UNIX_PEER,
            name_len: 8,
            ..file("\0control-and-more")
        };
        assert_eq!(named(&unix), Some(Object::Peer("@control".into())));
        let endless = WaitObject {
            name_len: u32::MAX,
            ..unix
        };
        assert!(named(&endless).is_some());
    }

    #[test]
    fn names_the_files_with_the_longest_waits() {
        let names = (0..300).map(|at| (at, Object::File(format!("{at:03}"))));
        let objects = Objects(names.collect());
        let sums: Vec<WaitSum> = (0..300)
            .map(|at| WaitSum {
                off_cpu_ns: at,
                ..WaitSum::default()
            })
            .collect();
        let longest = objects.longest((0..).zip(&sums));
        assert_eq!(longest.len(), MOST_NAMED);
        assert!(longest.contains_key(&299) && !longest.contains_key(&0));
    }
}
