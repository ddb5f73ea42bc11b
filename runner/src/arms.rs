//! The arms of a run.

use super::{
    descendants, interrupt::Interrupt, output::arm_folder, request::Request, workload::Engine,
};
use crate::target::{Arm, Manifest};
use anyhow::bail;
use std::collections::HashMap;

/// Understands all arms; each needs a folder of its own.
///
/// # Errors
/// For an arm that cannot be understood, does not serve the workload, or looks like another.
pub fn resolve(request: &Request) -> anyhow::Result<Vec<Arm>> {
    let mut folders: HashMap<String, String> = HashMap::new();
    let mut arms = Vec::new();
    for spec in &request.arms {
        let arm = Arm::resolve(spec, &request.targets_dir)?;
        if let Some(other) = folders.insert(arm_folder(arm.name()), arm.name().into()) {
            let name = arm.name();
            bail!(
                "arms {other} and {name} would have the same results folder; name one of them, as in other={spec}"
            );
        }
        if let Some(manifest) = arm.manifest() {
            check(arm.name(), manifest, request)?;
        }
        arms.push(arm);
    }
    Ok(arms)
}

/// What the target's folder says about it. A process that already runs is taken as it is.
fn check(arm: &str, manifest: &Manifest, request: &Request) -> anyhow::Result<()> {
    let cannot = |what: &str| manifest.cannot.get(what);
    let wanted = request.workload.name();
    if !manifest.workloads.iter().any(|name| name == wanted) {
        match cannot(wanted) {
            Some(reason) => bail!("{arm} cannot serve {wanted}: {reason}"),
            None => bail!(
                "{arm} does not serve {wanted}; its target.toml says: {}",
                manifest.workloads.join(", ")
            ),
        }
    }
    if let Some(bus) = request.bus {
        bus.check_target(arm, manifest)?;
    }
    let Some(wanted) = request.database.map(Engine::name) else {
        return Ok(());
    };
    if !manifest.databases.iter().any(|name| name == wanted) {
        let instead = manifest.databases.join(", ");
        match cannot(wanted) {
            Some(reason) => bail!("{arm} cannot use {wanted}: {reason}; --db takes: {instead}"),
            None => bail!("{arm} does not use {wanted}; its target.toml says: {instead}"),
        }
    }
    Ok(())
}

/// Builds the arms whose sources changed, one by one, before anything is measured.
///
/// # Errors
/// When a build fails, or the user wants to stop.
pub async fn build(arms: &[Arm], interrupt: &Interrupt) -> anyhow::Result<()> {
    for arm in arms {
        let arm = arm.clone();
        descendants::ended_with(interrupt, move || arm.build()).await??;
    }
    Ok(())
}
