//! A process at work for a round, and what belongs to it.

use super::{descendants, redis::Redis, round::Bench, workload::Database};
use crate::target::{Arm, Help, HelpFolder, Running, StartOptions};
use std::path::{Path, PathBuf};

/// A process at work, and what belongs to it.
pub struct Serving<'a> {
    /// What it is of.
    pub arm: &'a Arm,
    /// The process.
    pub target: &'a Running,
    /// The bus that it uses, if the workload has one.
    pub redis: Option<&'a Redis>,
    /// How its runtime helps.
    pub help: &'a Helped,
}

/// How the runtime helps in a round; not at all in one that is measured.
#[derive(Default)]
pub struct Helped {
    /// What the arm is started with.
    pub help: Help,
    folder: Option<HelpFolder>,
}

impl Helped {
    /// The help that an arm knows of, if it is `wanted`, with its folder in `dir`.
    pub fn of(arm: &Arm, dir: &Path, wanted: bool) -> anyhow::Result<Self> {
        if !wanted {
            return Ok(Self::default());
        }
        let folder = HelpFolder::create(&dir.join("from-runtime"))?;
        Ok(Self {
            help: folder.fill(&arm.help().unwrap_or_default())?,
            folder: Some(folder),
        })
    }

    /// Where the runtime writes what it knows.
    pub fn dir(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.path().to_owned())
    }
}

impl Bench<'_> {
    /// It ends with the round, after the server that uses it.
    pub async fn redis(&self, dir: &Path) -> anyhow::Result<Option<Redis>> {
        let Some(bus) = self.request.bus else {
            return Ok(None);
        };
        let (cpus, dir) = (self.placement.driver.clone(), dir.to_owned());
        let starting = move || bus.start(cpus.as_ref(), &dir);
        descendants::ended_with(self.interrupt, starting).await?
    }

    /// It likewise.
    pub async fn database(&self, dir: &Path) -> anyhow::Result<Option<Database>> {
        let Some(source) = self.databases.cloned() else {
            return Ok(None);
        };
        let (cpus, dir) = (self.placement.driver.clone(), dir.to_owned());
        let creating = move || source.create(cpus.as_ref(), &dir);
        let database = descendants::ended_with(self.interrupt, creating).await??;
        Ok(Some(database))
    }

    /// Starts the process.
    pub async fn start(
        &self,
        arm: &Arm,
        dir: &Path,
        env: Vec<(&'static str, String)>,
        help: &Helped,
    ) -> anyhow::Result<Running> {
        let mut options = StartOptions::new(self.stub.url(), dir.join("target.log"));
        options.cpus = self
            .placement
            .target
            .as_ref()
            .map(|cpus| cpus.0.iter().copied().collect());
        options.env = env;
        options.help = help.help.clone();
        let arm = arm.clone();
        Ok(descendants::ended_with(self.interrupt, move || arm.start(&options)).await??)
    }
}
