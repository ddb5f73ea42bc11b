//! The host's fingerprint.

use super::quota::WindowQuotas;
use procfs::{CpuInfo, Current, Meminfo};
use recording::Host;
use std::fs;

/// Reads the fingerprint of this host, for a recording of a process in this control group.
pub fn fingerprint(quotas: &WindowQuotas, steal_ns: u64, cpu_placement: &str) -> Host {
    let cpuinfo = CpuInfo::current().ok();
    let cpuinfo = cpuinfo.as_ref();
    let model = cpuinfo.and_then(|info| info.model_name(0));
    let flags = cpuinfo.and_then(|info| info.get_field(0, "flags"));
    Host {
        kernel: read("/proc/sys/kernel/osrelease"),
        arch: std::env::consts::ARCH.to_owned(),
        cpu_model: model.unwrap_or("unknown").to_owned(),
        cpus: std::thread::available_parallelism()
            .map_or(0, |cpus| u32::try_from(cpus.get()).unwrap_or(u32::MAX)),
        memory_bytes: Meminfo::current().map_or(0, |memory| memory.mem_total),
        virtualization: virtualization(flags.unwrap_or_default()),
        steal_ns,
        cgroup: quotas.last.cgroup.clone(),
        cpu_quota: quotas.last.since(&quotas.first),
        cpu_placement: cpu_placement.to_owned(),
        // Seen by the sampler.
        cpu_changes: Vec::new(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_kernel_and_cpus_of_this_host() {
        let quotas = WindowQuotas::of(std::process::id());
        let host = fingerprint(&quotas, 0, "as it comes");
        assert!(!host.kernel.is_empty() && host.cpus > 0 && host.memory_bytes > 0);
        assert!(!host.cpu_model.is_empty() && host.cgroup.starts_with('/'));
    }
}
