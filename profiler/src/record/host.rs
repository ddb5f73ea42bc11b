//! The host's fingerprint.

use procfs::ProcessCGroups;
use procfs::process::Process;
use procfs::{CpuInfo, Current, Meminfo};
use recording::Host;
use std::fs;

/// Reads the fingerprint of this host, for a recording of `pid`.
pub fn fingerprint(pid: u32, steal_ns: u64, cpu_placement: &str) -> Host {
    let cpuinfo = CpuInfo::current().ok();
    let cpuinfo = cpuinfo.as_ref();
    let model = cpuinfo.and_then(|info| info.model_name(0));
    let flags = cpuinfo.and_then(|info| info.get_field(0, "flags"));
    let groups = Process::new(pid.cast_signed()).and_then(|process| process.cgroups());
    Host {
        kernel: read("/proc/sys/kernel/osrelease"),
        arch: std::env::consts::ARCH.to_owned(),
        cpu_model: model.unwrap_or("unknown").to_owned(),
        cpus: std::thread::available_parallelism()
            .map_or(0, |cpus| u32::try_from(cpus.get()).unwrap_or(u32::MAX)),
        memory_bytes: Meminfo::current().map_or(0, |memory| memory.mem_total),
        virtualization: virtualization(flags.unwrap_or_default()),
        steal_ns,
        cgroup: groups.map_or_else(|_| "/".into(), cgroup),
        cpu_placement: cpu_placement.to_owned(),
        // Measured by comparing, if at all.
        noise: None,
    }
}

fn read(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.trim().to_owned()
}

/// Returns the hypervisor as the firmware names it; without such a name, what the CPU's flags show.
fn virtualization(flags: &str) -> String {
    let guest = flags.split(' ').any(|flag| flag == "hypervisor");
    match (guest, &*read("/sys/class/dmi/id/sys_vendor")) {
        (false, _) => "none".into(),
        (true, "") => "virtual machine".into(),
        (true, vendor) => format!("virtual machine ({vendor})"),
    }
}

/// Returns the control group that is not the root: that of cgroups v2, or the first of v1.
fn cgroup(groups: ProcessCGroups) -> String {
    let mut paths = groups.into_iter().map(|group| group.pathname);
    paths.find(|path| path != "/").unwrap_or_else(|| "/".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use procfs::FromRead;

    #[test]
    fn finds_the_control_group_below_the_root() {
        let parsed = |text: &str| ProcessCGroups::from_read(text.as_bytes()).expect("parsed");
        assert_eq!(cgroup(parsed("12:cpu:/\n0::/user.slice\n")), "/user.slice");
        assert_eq!(cgroup(parsed("0::/\n")), "/");
        assert_eq!(cgroup(parsed("")), "/");
    }

    #[test]
    fn reads_kernel_and_cpus_of_this_host() {
        let host = fingerprint(std::process::id(), 0, "as it comes");
        assert!(!host.kernel.is_empty() && host.cpus > 0 && host.memory_bytes > 0);
        assert!(!host.cpu_model.is_empty() && host.cgroup.starts_with('/'));
    }
}
