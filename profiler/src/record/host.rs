//! The host's fingerprint.

use recording::Host;
use std::fs;

/// The fingerprint of this host, for a recording of `pid`.
pub fn fingerprint(pid: u32, steal_ns: u64, cpu_placement: &str) -> Host {
    let cpuinfo = read("/proc/cpuinfo");
    Host {
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        cpu_model: cpu_model(&cpuinfo),
        cpus: std::thread::available_parallelism()
            .map_or(0, |cpus| u32::try_from(cpus.get()).unwrap_or(u32::MAX)),
        memory_bytes: memory_bytes(&read("/proc/meminfo")),
        virtualization: virtualization(&cpuinfo),
        steal_ns,
        cgroup: cgroup(&read(&format!("/proc/{pid}/cgroup"))),
        cpu_placement: cpu_placement.to_owned(),
        // Known to who compares, if to anyone.
        noise: None,
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn cpu_model(cpuinfo: &str) -> String {
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or_else(|| "unknown".into(), |(_, model)| model.trim().to_owned())
}

fn memory_bytes(meminfo: &str) -> u64 {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or(0)
        * 1024
}

/// The hypervisor as the firmware names it; without such a name, what the CPU says.
fn virtualization(cpuinfo: &str) -> String {
    let vendor = read("/sys/class/dmi/id/sys_vendor");
    let guest = cpuinfo
        .lines()
        .any(|line| line.starts_with("flags") && line.contains(" hypervisor"));
    match (guest, vendor.trim()) {
        (false, _) => "none".into(),
        (true, "") => "virtual machine".into(),
        (true, vendor) => format!("virtual machine ({vendor})"),
    }
}

/// The control group with a path: the unified one, or the first of the old kind.
fn cgroup(file: &str) -> String {
    let mut paths = file.lines().filter_map(|line| line.splitn(3, ':').nth(2));
    paths.find(|path| *path != "/").unwrap_or("/").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_in_what_the_kernel_writes() {
        assert_eq!(
            cpu_model("processor\t: 0\nmodel name\t: Some CPU @ 2GHz\n"),
            "Some CPU @ 2GHz"
        );
        assert_eq!(memory_bytes("MemTotal:       1024 kB\n"), 1 << 20);
        assert_eq!(cgroup("12:cpu:/\n0::/user.slice\n"), "/user.slice");
        assert_eq!(
            (cpu_model(""), memory_bytes(""), cgroup("")),
            ("unknown".into(), 0, "/".into())
        );
    }

    #[test]
    fn this_host_has_a_kernel_and_cpus() {
        let host = fingerprint(std::process::id(), 0, "as it comes");
        assert!(!host.kernel.is_empty() && host.cpus > 0 && host.memory_bytes > 0);
    }
}
