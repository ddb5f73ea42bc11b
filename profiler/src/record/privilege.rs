//! The privilege that recording needs, and giving up the rest.

use anyhow::{Result, bail};
use caps::{CapSet, Capability, CapsHashSet};
use std::fs;
use std::io::ErrorKind;
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

/// Returns the inode of the PID namespace that this process runs in; 0 for the host's.
pub fn pid_namespace() -> u32 {
    let namespace = fs::metadata("/proc/self/ns/pid").map_or(HOST_PIDS, |file| file.ino());
    // The kernel numbers namespaces by 32 bits.
    match namespace == HOST_PIDS {
        true => 0,
        false => namespace as u32,
    }
}

/// Fails where `/proc` has the process ids of another PID namespace than this process's: all ids
/// come from there.
fn require_own_proc() -> Result<()> {
    let own = fs::read_link("/proc/self").ok();
    let id = std::process::id().to_string();
    match own {
        Some(link) if link.as_os_str() != id.as_str() => bail!(
            "/proc belongs to another PID namespace than kontrast runs in: mount that of this namespace \
             (`mount -t proc proc /proc`, `unshare --mount-proc`), or run kontrast on the host"
        ),
        _ => Ok(()),
    }
}

/// Fails in a PID namespace for a mode that cannot serve there: the kernel announces the end of a
/// thread when its number in the namespace is gone.
///
/// # Errors
/// This is not the host's namespace.
pub fn require_host_pids(mode: &str) -> Result<()> {
    match pid_namespace() {
        0 => Ok(()),
        _ => bail!(
            "`--probes {mode}` does not work in a PID namespace, as in a container: use `--probes all` or `none`, \
             or run kontrast on the host"
        ),
    }
}

/// Fails without the privilege to load eBPF programs, or where they cannot find the process.
///
/// # Errors
/// A capability is missing, or `/proc` is another PID namespace's; the message names the remedy.
pub fn require() -> Result<()> {
    require_own_proc()?;
    let missing: Vec<String> = missing().iter().map(ToString::to_string).collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!(
        "recording loads eBPF programs, and this process lacks {}: run it as root (`sudo kontrast …`), or grant \
         `sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace+ep $(command -v kontrast)`",
        missing.join(" and ")
    )
}

/// Fails for a process that this one may not trace. Its call stacks, paths and peers are as secret
/// as its memory, and CAP_PERFMON alone would show them.
///
/// # Errors
/// The kernel refuses (`PTRACE_MODE_READ_FSCREDS`, ptrace(2)).
pub fn require_trace(pid: u32) -> Result<()> {
    // The kernel checks that access before it shows the link; a kernel thread has none.
    match fs::read_link(format!("/proc/{pid}/exe")) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => bail!(
            "cannot record process {pid}: this user may not trace it. Run as its user or as root, or grant \
             CAP_SYS_PTRACE, as `kontrast doctor` shows"
        ),
        _ => Ok(()),
    }
}

/// Gives up every capability that recording does not need. A refusal is logged only.
pub fn drop_excess() {
    keep(&TO_RECORD);
}

/// Capabilities that beginning a recording needs besides: names of the kernel's functions, and
/// uprobes, which `perf_event_open` of Linux 6.18 refuses without CAP_SYS_ADMIN.
const TO_BEGIN: [Capability; 2] = [Capability::CAP_SYSLOG, Capability::CAP_SYS_ADMIN];

/// Gives up every capability that beginning recordings does not need, and lays the others aside:
/// this thread may take them up again, as may those that it starts.
pub(super) fn lay_aside() {
    keep(&[&TO_RECORD[..], &TO_BEGIN].concat());
    set(CapSet::Effective, &CapsHashSet::new());
}

/// Takes up the capabilities that [`lay_aside`] kept. A recording gives up those that it does not
/// need once it has begun.
pub(super) fn take_up() {
    set(CapSet::Effective, &permitted());
}

fn keep(wanted: &[Capability]) {
    let kept = permitted().into_iter();
    let kept = kept.filter(|capability| wanted.contains(capability));
    let kept: CapsHashSet = kept.collect();
    [CapSet::Effective, CapSet::Permitted]
        .into_iter()
        .for_each(|which| set(which, &kept));
}

fn permitted() -> CapsHashSet {
    caps::read(None, CapSet::Permitted).unwrap_or_default()
}

/// Sets the capabilities of this thread. The kernel keeps them for each thread; new ones have those
/// of the thread that starts them.
fn set(which: CapSet, capabilities: &CapsHashSet) {
    if let Err(error) = caps::set(None, which, capabilities) {
        log::warn!("cannot change privileges ({which:?}): {error}");
    }
}
