//! The arms of a run.

use super::{descendants, interrupt::Interrupt, load::Load, output::arm_folder, request::Request};
use crate::target::{Arm, Manifest};
use crate::workload::Workload;
use anyhow::bail;
use std::collections::HashMap;

/// Resolves all arms; each needs its own results folder.
///
/// # Errors
/// Fails for an arm that is malformed, does not serve the workload, or has the folder of another.
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
        let own_load = matches!(request.load, Load::Command(_));
        if !own_load && !arm.speaks_http() {
            bail!(
                "{} does not speak HTTP: load it with --load-command, as in 'redis-benchmark -h {{host}} -p {{port}}'",
                arm.name()
            );
        }
        // The requests of a load command are the user's own.
        if let Some(manifest) = arm.manifest()
            && !(own_load && request.service.is_none())
        {
            check(arm.name(), manifest, request)?;
        }
        arms.push(arm);
    }
    Ok(arms)
}

/// Rejects a target that does not serve the workload, or cannot use its database or bus. For a
/// process that already runs this is unknown.
fn check(arm: &str, manifest: &Manifest, request: &Request) -> anyhow::Result<()> {
    let cannot = |name: &str| manifest.cannot.get(name);
    let workload = request.workload.name();
    if !manifest.workloads.iter().any(|name| name == workload) {
        match cannot(workload) {
            Some(reason) => bail!("{arm} cannot serve {workload}: {reason}"),
            None => bail!(
                "{arm} does not serve {workload}; its target.toml lists: {}",
                manifest.workloads.join(", ")
            ),
        }
    }
    let usable = match request.workload {
        Workload::Pubsub => &manifest.bus,
        _ if request.workload.needs_database() => &manifest.databases,
        _ => return Ok(()),
    };
    let backend = request.workload.backend(request.service.as_ref());
    let Some(backend) = backend.filter(|name| !usable.iter().any(|usable| usable == name)) else {
        return Ok(());
    };
    let instead = usable.join(", ");
    match cannot(backend) {
        Some(reason) => bail!("{arm} cannot use {backend}: {reason}; it can use: {instead}"),
        None => bail!("{arm} does not use {backend}; its target.toml lists: {instead}"),
    }
}

/// Builds the arms whose sources changed, one by one, before any measurement.
///
/// # Errors
/// Fails if a build does, or the user interrupts it.
pub async fn build(arms: &[Arm], interrupt: &Interrupt) -> anyhow::Result<()> {
    for arm in arms {
        let arm = arm.clone();
        descendants::ended_with(interrupt, move || arm.build()).await??;
    }
    Ok(())
}
