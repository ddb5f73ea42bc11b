//! Options that select processes by something other than their ids.

use anyhow::{Result, bail};
use profiler::record::select::{self, Cgroup};
use profiler::record::target::Process;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Options that select processes. Each may be given several times, and beside `--pid`.
#[derive(clap::Args, Clone, Debug, Default)]
#[group(id = "selection", multiple = true)]
pub struct Selection {
    /// Select the processes of this cgroup and of those below it, those that join later included.
    #[arg(long = "cgroup", value_name = "PATH")]
    pub cgroups: Vec<PathBuf>,
    /// Select the processes of this systemd unit, as `--cgroup` does.
    #[arg(long = "systemd-unit", value_name = "NAME")]
    pub systemd_units: Vec<String>,
    /// Select the processes of this container (docker, containerd, podman, cri-o), as `--cgroup`
    /// does.
    #[arg(long = "container", value_name = "ID")]
    pub containers: Vec<String>,
    /// Select the processes that listen on this TCP port.
    #[arg(
        long = "port",
        value_name = "PORT",
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    pub ports: Vec<u16>,
    /// Select the processes whose executable or main thread has a name that fits this
    /// pattern (`*`, `?`, `[a-z]`).
    #[arg(long = "name", value_name = "GLOB")]
    pub names: Vec<String>,
}

impl Selection {
    /// Finds the processes, after those with the given ids, and the cgroups that others may join.
    ///
    /// # Errors
    /// An option selects none.
    pub fn find(&self, pids: &[u32]) -> Result<(Vec<Process>, Vec<Cgroup>)> {
        let mut found: Vec<Process> = pids
            .iter()
            .map(|pid| Process::find(*pid))
            .collect::<Result<_>>()?;
        for port in &self.ports {
            found.extend(select::listeners(*port)?);
        }
        for name in &self.names {
            found.extend(select::named(name)?);
        }
        let cgroups = self.find_cgroups()?;
        for cgroup in &cgroups {
            // One that has ended meanwhile is no error.
            let members = cgroup.pids().into_iter();
            found.extend(members.filter_map(|pid| Process::find(pid).ok()));
        }
        if let (Some(empty), true) = (cgroups.first(), found.is_empty()) {
            bail!(
                "the cgroup {} has no process: start one in it first",
                empty.folder().display()
            );
        }
        let mut seen = BTreeSet::new();
        found.retain(|process| seen.insert(process.pid));
        Ok((found, cgroups))
    }

    fn find_cgroups(&self) -> Result<Vec<Cgroup>> {
        let by_path = self.cgroups.iter().map(|path| Cgroup::at(path));
        let by_unit = self.systemd_units.iter().map(|name| Cgroup::of_unit(name));
        let by_id = self.containers.iter().map(|id| Cgroup::of_container(id));
        by_path.chain(by_unit).chain(by_id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Options {
        #[command(flatten)]
        selection: Selection,
    }

    #[test]
    fn reads_several_selections() {
        let options = [
            "",
            "--port",
            "1",
            "--port",
            "2",
            "--name",
            "a*",
            "--cgroup",
            "/x",
            "--container",
            "0123",
            "--systemd-unit",
            "u",
        ];
        let selection = Options::try_parse_from(options).unwrap_or_else(|error| panic!("{error}"));
        let Options { selection } = selection;
        assert_eq!(
            (selection.ports, selection.names),
            (vec![1, 2], vec!["a*".into()])
        );
        assert_eq!(selection.cgroups, [PathBuf::from("/x")]);
        assert_eq!(
            (&*selection.containers[0], &*selection.systemd_units[0]),
            ("0123", "u")
        );
    }

    #[test]
    fn keeps_each_process_once() {
        let own = std::process::id();
        let mut child = std::process::Command::new("sleep")
            .arg("1000")
            .spawn()
            .expect("starts");
        let found = Selection::default().find(&[child.id(), child.id()]);
        let refused = Selection::default().find(&[child.id(), own]);
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        assert_eq!(found.expect("it is there").0.len(), 1);
        assert!(refused.is_err());
    }

    #[test]
    fn rejects_cgroups_without_a_process() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(folder.path().join("cgroup.procs"), "").expect("written");
        let selection = Selection {
            cgroups: vec![folder.path().to_owned()],
            ..Selection::default()
        };
        let text = selection.find(&[]).expect_err("none").to_string();
        assert!(text.contains("has no process"), "{text}");
    }
}
