//! Reading and emptying the hashes of the programs.

use super::batch;
use anyhow::{Context, Result};
use aya::Ebpf;
use aya::maps::{HashMap, Map, MapData};
use profiler_common::{SyscallStat, syscall};
use std::collections::BTreeSet;
use std::os::fd::{AsFd, BorrowedFd};

/// Reads the entries of a map. An entry that is removed meanwhile, of a thread that ends for
/// instance, may be left out.
pub fn entries<K: aya::Pod, V: aya::Pod>(
    bpf: &Ebpf,
    name: &str,
) -> Result<impl Iterator<Item = (K, V)> + use<K, V>> {
    let hash = hash::<K, V>(bpf, name)?;
    let one_by_one = || hash.iter().filter_map(Result::ok).collect();
    let entries = batch::read(descriptor(bpf, name)?, false);
    Ok(entries.unwrap_or_else(|_| one_by_one()).into_iter())
}

/// Returns the entries that a hash has room for.
///
/// # Errors
/// There is no such hash, or the kernel does not say.
pub fn room(bpf: &Ebpf, name: &str) -> Result<usize> {
    match bpf.map(name) {
        Some(Map::HashMap(data)) => Ok(data.info()?.max_entries() as usize),
        _ => anyhow::bail!("the object has no hash {name}"),
    }
}

/// Takes every entry out of a map. An entry that changes between reading and removing loses the
/// change.
///
/// # Errors
/// The map cannot be read.
pub fn take<K: aya::Pod, V: aya::Pod>(bpf: &mut Ebpf, name: &str) -> Result<Vec<(K, V)>> {
    let hash = hash::<K, V>(bpf, name)?;
    if let Ok(taken) = batch::read(descriptor(bpf, name)?, true) {
        return Ok(taken);
    }
    let taken: Vec<(K, V)> = hash.iter().filter_map(Result::ok).collect();
    let keys: Vec<K> = taken.iter().map(|(key, _)| *key).collect();
    remove::<K, V>(bpf, name, &keys)?;
    Ok(taken)
}

/// Takes the system calls of threads that have ended, given by serial, out of their map.
///
/// # Errors
/// The map cannot be read.
pub fn take_syscalls(
    bpf: &mut Ebpf,
    ended: &BTreeSet<u32>,
) -> Result<Vec<(u32, u32, SyscallStat)>> {
    const MAP: &str = "SYSCALLS";
    let (mut keys, mut taken) = (Vec::new(), Vec::new());
    for (key, stat) in entries::<u64, SyscallStat>(bpf, MAP)? {
        let (serial, nr) = syscall::split_key(key);
        if ended.contains(&serial) {
            keys.push(key);
            taken.push((serial, nr, stat));
        }
    }
    if batch::remove(descriptor(bpf, MAP)?, &keys).is_err() {
        remove::<u64, SyscallStat>(bpf, MAP, &keys)?;
    }
    Ok(taken)
}

fn remove<K: aya::Pod, V: aya::Pod>(bpf: &mut Ebpf, name: &str, keys: &[K]) -> Result<()> {
    let map = bpf
        .map_mut(name)
        .with_context(|| format!("the object has no map {name}"))?;
    let mut hash: HashMap<_, K, V> = HashMap::try_from(map)?;
    for key in keys {
        // Some are gone where a batch has removed them.
        let _ = hash.remove(key);
    }
    Ok(())
}

/// Returns a map, whose keys and values have these sizes.
fn hash<'a, K: aya::Pod, V: aya::Pod>(
    bpf: &'a Ebpf,
    name: &str,
) -> Result<HashMap<&'a MapData, K, V>> {
    let map = bpf
        .map(name)
        .with_context(|| format!("the object has no map {name}"))?;
    Ok(HashMap::try_from(map)?)
}

fn descriptor<'a>(bpf: &'a Ebpf, name: &str) -> Result<BorrowedFd<'a>> {
    match bpf.map(name) {
        Some(Map::HashMap(data)) => Ok(data.fd().as_fd()),
        _ => anyhow::bail!("the object has no hash {name}"),
    }
}
