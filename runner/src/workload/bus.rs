//! What passes on to the members of a room what is published.

use super::Workload;
use crate::{cpus::Cpus, redis, target::Manifest};
use anyhow::bail;
use serde::{Serialize, Serializer};

/// What is between who publishes and who listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Bus {
    /// The runtime's own means, within the process.
    Memory,
    /// Redis, started by us on loopback for each round.
    Redis,
}

impl Bus {
    /// Its name, as users write it and `target.toml` has it.
    pub fn name(self) -> &'static str {
        match self {
            Bus::Memory => "memory",
            Bus::Redis => "redis",
        }
    }

    /// Refuses what cannot be: a workload without rooms, or a Redis that is not installed.
    ///
    /// # Errors
    /// With what would do.
    pub fn check(self, workload: Workload) -> anyhow::Result<()> {
        if workload != Workload::Pubsub {
            bail!(
                "{} has no rooms, so that --bus has no meaning; it has for --workload pubsub",
                workload.name()
            );
        }
        match self {
            Bus::Memory => Ok(()),
            Bus::Redis => redis::find(),
        }
    }

    /// Refuses a target that does not do it.
    ///
    /// # Errors
    /// With what it does.
    pub fn check_target(self, arm: &str, manifest: &Manifest) -> anyhow::Result<()> {
        if manifest.bus.iter().any(|bus| bus == self.name()) {
            return Ok(());
        }
        let (name, instead) = (self.name(), manifest.bus.join(", "));
        bail!("{arm} does not use {name}; its target.toml says: {instead}")
    }

    /// A new server, if this is one; it runs on `cpus`, and logs into `dir`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(
        self,
        cpus: Option<&Cpus>,
        dir: &std::path::Path,
    ) -> anyhow::Result<Option<redis::Redis>> {
        match self {
            Bus::Memory => Ok(None),
            Bus::Redis => redis::Redis::start(cpus, &dir.join("redis.log")).map(Some),
        }
    }
}

impl Serialize for Bus {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn names_are_those_of_the_command_line() {
        for bus in Bus::value_variants() {
            assert_eq!(bus.to_possible_value().unwrap().get_name(), bus.name());
        }
    }

    #[test]
    fn what_has_no_rooms_has_no_bus() {
        let error = Bus::Redis.check(Workload::Chat).unwrap_err().to_string();
        assert!(error.ends_with("--workload pubsub"), "{error}");
        assert!(Bus::Memory.check(Workload::Pubsub).is_ok());
    }
}
