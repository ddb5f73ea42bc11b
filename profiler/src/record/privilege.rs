//! The privilege that recording needs, and giving up the rest.

use anyhow::{Result, bail};
use caps::{CapSet, Capability};
use std::fs;
use std::os::unix::fs::MetadataExt;

/// Capabilities that loading and attaching programs need.
const TO_LOAD: [Capability; 2] = [Capability::CAP_BPF, Capability::CAP_PERFMON];
/// Capabilities that recording needs after that: the first reads maps, the second keeps the samples
/// open, and the others read `smaps` of another user's process.
const TO_RECORD: [Capability; 5] = [
    Capability::CAP_BPF,
    Capability::CAP_PERFMON,
    Capability::CAP_SYS_PTRACE,
    Capability::CAP_DAC_OVERRIDE,
    Capability::CAP_CHOWN,
];

/// Returns the capabilities that loading needs and this process lacks.
pub fn missing() -> Vec<Capability> {
    let has = |capability: &Capability| {
        caps::has_cap(None, CapSet::Effective, *capability).unwrap_or(false)
    };
    if has(&Capability::CAP_SYS_ADMIN) {
        return Vec::new();
    }
    TO_LOAD
        .into_iter()
        .filter(|capability| !has(capability))
        .collect()
}

/// Inode of the PID namespace of the host (`PROC_PID_INIT_INO`, include/linux/proc_ns.h).
const HOST_PIDS: u64 = 0xefff_fffc;

/// Fails in a PID namespace of a container: the programs see the host's process ids, so that they
/// would record another process with the same number, or none.
fn require_host_pids() -> Result<()> {
    match fs::metadata("/proc/self/ns/pid") {
        Ok(namespace) if namespace.ino() != HOST_PIDS => bail!(
            "kontrast runs in a PID namespace, as in a container, and eBPF programs see the host's process ids: run \
             kontrast on the host, or share the host's namespace (`docker run --pid=host`, `hostPID: true`)"
        ),
        _ => Ok(()),
    }
}

/// Fails without the privilege to load eBPF programs, or where they cannot find the process.
///
/// # Errors
/// A capability is missing, or this is a PID namespace; the message names the remedy.
pub fn require() -> Result<()> {
    require_host_pids()?;
    let missing: Vec<String> = missing().iter().map(ToString::to_string).collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!(
        "recording loads eBPF programs, and this process lacks {}: run it as root (`sudo kontrast record …`), or grant \
         `sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace+ep $(command -v kontrast)`",
        missing.join(" and ")
    )
}

/// Gives up every capability that recording does not need. A refusal is logged only.
pub fn drop_excess() {
    let kept = caps::read(None, CapSet::Permitted).unwrap_or_default();
    let kept = kept
        .into_iter()
        .filter(|capability| TO_RECORD.contains(capability))
        .collect();
    for set in [CapSet::Effective, CapSet::Permitted] {
        if let Err(error) = caps::set(None, set, &kept) {
            log::warn!("cannot give up privileges ({set:?}): {error}");
        }
    }
}
