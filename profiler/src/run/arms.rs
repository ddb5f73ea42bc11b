//! The arms of a run.

use super::{descendants, interrupt::Interrupt, output::arm_folder, request::Request};
use crate::target::Arm;
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
        check_workload(&arm, request)?;
        arms.push(arm);
    }
    Ok(arms)
}

fn check_workload(arm: &Arm, request: &Request) -> anyhow::Result<()> {
    let Some(manifest) = arm.manifest() else {
        return Ok(());
    };
    let (name, wanted) = (arm.name(), request.workload.name());
    if let Some(bus) = request.bus {
        bus.check_target(name, manifest)?;
    }
    if manifest.workloads.iter().any(|workload| workload == wanted) {
        return Ok(());
    }
    match manifest.cannot.get(wanted) {
        Some(reason) => bail!("{name} cannot serve {wanted}: {reason}"),
        None => bail!(
            "{name} does not serve {wanted}; its target.toml says: {}",
            manifest.workloads.join(", ")
        ),
    }
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
