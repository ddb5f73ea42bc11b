//! The control group of a process, and the CPU quota that bounds it: that of its group, or of one
//! above, in version 1 and 2 of the cgroup file system.

use super::proc_snapshot;
use procfs::process::{MountInfo, Process};
use recording::host::CpuQuota;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The quotas above a process, read at one instant.
#[derive(Clone, Debug, Default)]
pub struct Quotas {
    /// Control group, as the process's `/proc/PID/cgroup` has it: that of the CPU controller.
    pub cgroup: String,
    levels: Vec<CpuQuota>,
}

impl Quotas {
    /// Reads the quotas of a process's group and of those above, innermost first. `None` if the
    /// process has ended.
    fn of(pid: u32, mounts: &[MountInfo]) -> Option<Self> {
        let groups = proc_snapshot::open(pid)?.cgroups().ok()?;
        let (is_v2, cgroup) = cpu_group(groups.into_iter())?;
        let root = mounts.iter().find_map(|mount| root_of(mount, is_v2));
        let levels = root.map_or_else(Vec::new, |(root, prefix)| levels(root, prefix, &cgroup));
        Some(Quotas { cgroup, levels })
    }

    /// Returns the quota that bounds the process: the one that throttled most since an earlier
    /// reading, or else the smallest. The growth of its counts is zero if it was not read before.
    pub fn since(&self, before: &Self) -> Option<CpuQuota> {
        let grown = |now: &CpuQuota| {
            let same = |earlier: &&CpuQuota| earlier.cgroup == now.cgroup;
            let earlier = before.levels.iter().find(same).unwrap_or(now);
            CpuQuota {
                periods: now.periods.saturating_sub(earlier.periods),
                throttled_periods: now
                    .throttled_periods
                    .saturating_sub(earlier.throttled_periods),
                throttled_ns: now.throttled_ns.saturating_sub(earlier.throttled_ns),
                ..now.clone()
            }
        };
        let share = |quota: &CpuQuota| quota.quota_ns as f64 / quota.period_ns.max(1) as f64;
        let grown = self.levels.iter().map(grown);
        grown.max_by(|one, other| {
            let throttled = one.throttled_ns.cmp(&other.throttled_ns);
            throttled.then(share(other).total_cmp(&share(one)))
        })
    }
}

/// The quotas of a process over the window.
#[derive(Clone, Debug, Default)]
pub struct WindowQuotas {
    /// When the window opened, or when the process joined its group.
    pub first: Quotas,
    /// Last reading: of a process that has ended, the last before.
    pub last: Quotas,
    mounts: Vec<MountInfo>,
}

impl WindowQuotas {
    /// Reads the quotas of a process.
    pub fn of(pid: u32) -> Self {
        let mounts = cgroup_mounts();
        let first = Quotas::of(pid, &mounts).unwrap_or_default();
        WindowQuotas {
            last: first.clone(),
            first,
            mounts,
        }
    }

    /// Begins again with the last reading.
    pub fn again(&self) -> Self {
        WindowQuotas {
            first: self.last.clone(),
            ..self.clone()
        }
    }

    /// Takes later readings over. A process that has joined another group since keeps the quotas
    /// since then.
    pub fn continue_with(&mut self, later: &Self) {
        if later.last.cgroup != self.first.cgroup {
            self.first = later.first.clone();
        }
        self.last = later.last.clone();
    }

    /// Reads them again.
    pub fn update(&mut self, pid: u32) {
        let Some(last) = Quotas::of(pid, &self.mounts) else {
            return;
        };
        if last.cgroup != self.first.cgroup {
            self.first = last.clone();
        }
        self.last = last;
    }
}

/// Returns the group of the CPU controller, and whether it is of version 2: there all controllers
/// share one hierarchy, which has the number 0.
fn cpu_group(groups: impl Iterator<Item = procfs::ProcessCGroup>) -> Option<(bool, String)> {
    let mut unified = None;
    for group in groups {
        if group.controllers.iter().any(|name| name == "cpu") {
            return Some((false, group.pathname));
        }
        if group.hierarchy == 0 {
            unified = Some((true, group.pathname));
        }
    }
    unified
}

/// Returns where cgroup hierarchies are mounted: that of version 2, then those of version 1.
pub fn cgroup_roots() -> Vec<PathBuf> {
    let mounts = cgroup_mounts();
    let of_type = |fs_type: &'static str| {
        let mounts = mounts.iter().filter(move |mount| mount.fs_type == fs_type);
        mounts.map(|mount| mount.mount_point.clone())
    };
    of_type("cgroup2").chain(of_type("cgroup")).collect()
}

/// Returns the number of the hierarchy that a cgroup's folder belongs to; 0 is version 2.
pub fn hierarchy_of(folder: &Path) -> Option<u32> {
    let mounts = cgroup_mounts();
    let around = mounts
        .iter()
        .filter(|mount| folder.starts_with(&mount.mount_point));
    let mount = around.max_by_key(|mount| mount.mount_point.as_os_str().len())?;
    if mount.fs_type == "cgroup2" {
        return Some(0);
    }
    let option = |name: &str| match name.strip_prefix("name=") {
        Some(name) => mount.super_options.get("name") == Some(&Some(name.to_owned())),
        None => mount.super_options.contains_key(name),
    };
    let of_mount = |group: &&procfs::ProcessCGroup| {
        group.hierarchy != 0 && group.controllers.iter().all(|name| option(name))
    };
    let groups = Process::myself().ok()?.cgroups().ok()?;
    let hierarchy = groups.into_iter().find(|group| of_mount(&group))?.hierarchy;
    Some(hierarchy)
}

/// Returns the mounts of cgroup hierarchies.
fn cgroup_mounts() -> Vec<MountInfo> {
    let mounts = Process::myself().and_then(|process| process.mountinfo());
    let mounts = mounts.map(|mounts| mounts.0).unwrap_or_default();
    let of_cgroups = mounts
        .into_iter()
        .filter(|mount| mount.fs_type.starts_with("cgroup"));
    of_cgroups.collect()
}

/// Returns where the hierarchy of the CPU controller is mounted, and the group that is its root
/// there.
fn root_of(mount: &MountInfo, is_v2: bool) -> Option<(&Path, &str)> {
    let has_cpu = || mount.super_options.contains_key("cpu");
    let fits = match is_v2 {
        true => mount.fs_type == "cgroup2",
        false => mount.fs_type == "cgroup" && has_cpu(),
    };
    fits.then_some((&*mount.mount_point, &*mount.root))
}

/// Reads the quotas of a group and of those above it. `prefix` is the group that is mounted as the
/// root.
fn levels(root: &Path, prefix: &str, cgroup: &str) -> Vec<CpuQuota> {
    let below = Path::new(cgroup)
        .strip_prefix(prefix)
        .unwrap_or(Path::new(cgroup));
    let below: Vec<Component> = below
        .components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .collect();
    let level = |length: usize| {
        let relative: PathBuf = below[..length].iter().collect();
        let name = Path::new("/").join(&relative).display().to_string();
        quota_in(&root.join(relative), name)
    };
    (0..=below.len()).rev().filter_map(level).collect()
}

/// Reads the quota of one group; `None` if it has none.
fn quota_in(folder: &Path, cgroup: String) -> Option<CpuQuota> {
    let read = |file: &str| fs::read_to_string(folder.join(file)).ok();
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let (quota_us, period_us) = match read("cpu.max") {
        // `max PERIOD` stands for no quota.
        Some(text) => text
            .split_once(' ')
            .and_then(|(quota, period)| Some((number(quota)?, number(period)?)))?,
        // -1 stands for no quota.
        None => (
            number(&read("cpu.cfs_quota_us")?)?,
            number(&read("cpu.cfs_period_us")?)?,
        ),
    };
    let stat = read("cpu.stat").unwrap_or_default();
    let counter = |name: &str| {
        let mut lines = stat.lines().filter_map(|line| line.split_once(' '));
        let (_, value) = lines.find(|(found, _)| *found == name)?;
        number(value)
    };
    let throttled = counter("throttled_usec").map(|time| time.saturating_mul(1000));
    Some(CpuQuota {
        cgroup,
        quota_ns: quota_us.saturating_mul(1000),
        period_ns: period_us.saturating_mul(1000),
        periods: counter("nr_periods").unwrap_or(0),
        throttled_periods: counter("nr_throttled").unwrap_or(0),
        throttled_ns: throttled.or_else(|| counter("throttled_time")).unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use procfs::{FromRead, ProcessCGroups};

    fn group(text: &str) -> Option<(bool, String)> {
        let groups = ProcessCGroups::from_read(text.as_bytes()).expect("parsed");
        cpu_group(groups.into_iter())
    }

    #[test]
    fn finds_the_group_of_the_cpu_controller() {
        let hybrid = "9:pids:/p\n4:cpu,cpuacct:/limited\n1:name=systemd:/s\n0::/unified\n";
        assert_eq!(group(hybrid), Some((false, "/limited".into())));
        assert_eq!(
            group("0::/user.slice\n"),
            Some((true, "/user.slice".into()))
        );
        assert_eq!(group("3:cpuset:/x\n0::/\n"), Some((true, "/".into())));
        assert_eq!(group(""), None);
    }

    #[test]
    fn reads_quotas_of_both_versions_and_all_levels() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let write = |file: &str, text: &str| {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        };
        write("a/cpu.max", "20000 100000\n");
        write(
            "a/cpu.stat",
            "usage_usec 7\nnr_periods 9\nnr_throttled 8\nthrottled_usec 70\n",
        );
        write("a/b/cpu.max", "max 100000\n");
        write("a/b/c/cpu.cfs_quota_us", "50000\n");
        write("a/b/c/cpu.cfs_period_us", "200000\n");
        write(
            "a/b/c/cpu.stat",
            "nr_periods 3\nnr_throttled 2\nthrottled_time 5000\n",
        );
        write("a/b/d/cpu.cfs_quota_us", "-1\n");
        let quota = |cgroup: &str, of: [u64; 5]| CpuQuota {
            cgroup: cgroup.into(),
            quota_ns: of[0],
            period_ns: of[1],
            periods: of[2],
            throttled_periods: of[3],
            throttled_ns: of[4],
        };
        let inner = quota("/a/b/c", [50_000_000, 200_000_000, 3, 2, 5_000]);
        let outer = quota("/a", [20_000_000, 100_000_000, 9, 8, 70_000]);
        assert_eq!(levels(root.path(), "/", "/a/b/c"), [inner, outer.clone()]);
        let above = levels(root.path(), "/", "/a/b/d");
        assert_eq!(above, std::slice::from_ref(&outer));
        // In a container, the mount begins at a group of the host.
        assert_eq!(levels(root.path(), "/host/x", "/host/x/a/b/d"), [outer]);
        assert_eq!(levels(root.path(), "/", "/../none"), []);
    }

    #[test]
    fn chooses_the_quota_that_throttled_most() {
        let quota = |cgroup: &str, quota_ns, throttled_ns| CpuQuota {
            cgroup: cgroup.into(),
            quota_ns,
            period_ns: 100,
            throttled_ns,
            ..CpuQuota::default()
        };
        let at = |inner, outer| Quotas {
            cgroup: "/a/b".into(),
            levels: vec![quota("/a/b", 50, inner), quota("/a", 20, outer)],
        };
        let chosen = at(700, 40).since(&at(10, 40)).expect("a quota");
        assert_eq!((&*chosen.cgroup, chosen.throttled_ns), ("/a/b", 690));
        let chosen = at(10, 40).since(&at(10, 40)).expect("a quota");
        assert_eq!((&*chosen.cgroup, chosen.throttled_ns), ("/a", 0));
        let unread = at(10, 40).since(&Quotas::default()).expect("a quota");
        assert_eq!(unread.throttled_ns, 0);
        assert!(Quotas::default().since(&at(1, 1)).is_none());
    }
}
