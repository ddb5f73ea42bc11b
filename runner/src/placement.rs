//! Chooses the CPUs of each process from the machine's and the user's.

use super::cpus::Cpus;

/// With fewer CPUs nothing is pinned by default: the halves would be too small.
const ENOUGH_CPUS: usize = 4;

/// CPUs of the processes of a run; without a set the kernel places them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// The server under test.
    pub target: Option<Cpus>,
    /// Stub, load generator and recorder.
    pub driver: Option<Cpus>,
    /// CPUs that this run may use.
    available: Cpus,
}

/// A placement that is impossible on this machine.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{option} {asked}: no such CPU for this process; it may use {available}")]
pub struct NotHere {
    option: &'static str,
    asked: Cpus,
    available: Cpus,
}

impl Placement {
    /// Chooses a placement for `cores`, each the set of CPUs (hardware threads) of one core.
    ///
    /// The user's sets are taken. If only one side has one, the other gets the remaining CPUs.
    /// Without any, the cores are halved and never shared: two hardware threads of one core slow
    /// each other down.
    ///
    /// # Errors
    /// Fails if a set contains a CPU that this process may not use.
    pub fn choose(
        cores: &[Cpus],
        target: Option<Cpus>,
        driver: Option<Cpus>,
    ) -> Result<Self, NotHere> {
        let available: Cpus = cores
            .iter()
            .flat_map(|core| core.0.iter().copied())
            .collect();
        let checked = |option, asked: &Option<Cpus>| match asked {
            Some(asked) if !asked.without(&available).0.is_empty() => Err(NotHere {
                option,
                asked: asked.clone(),
                available: available.clone(),
            }),
            _ => Ok(()),
        };
        checked("--target-cpus", &target)?;
        checked("--driver-cpus", &driver)?;
        let rest = |taken: &Cpus| Some(available.without(taken)).filter(|rest| !rest.0.is_empty());
        let (target, driver) = match (target, driver) {
            (None, None) => halves(cores),
            (Some(target), None) => (Some(target.clone()), rest(&target)),
            (None, Some(driver)) => (rest(&driver), Some(driver)),
            both => both,
        };
        Ok(Placement {
            target,
            driver,
            available,
        })
    }

    /// Returns the placement in words, for the recording; `attached` targets ran before and stay
    /// where they are.
    pub fn text(&self, attached: bool) -> String {
        let target = self.target.as_ref().filter(|_| !attached);
        let place = |cpus: Option<&Cpus>| match cpus {
            Some(cpus) => format!("on {}", named(cpus)),
            None if self.available.0.len() == 1 => "not pinned (1 CPU)".into(),
            None => format!("not pinned ({} CPUs)", self.available.0.len()),
        };
        let driver = self.driver.as_ref();
        let shared = match (target, driver) {
            (Some(target), Some(driver)) if !target.is_apart_from(driver) => {
                ", some of them shared"
            }
            _ => "",
        };
        match (target, driver) {
            _ if attached => format!(
                "target left where it runs; stub, load generator and recorder {}",
                place(driver)
            ),
            (None, None) => format!("target, stub, load generator and recorder {}", place(None)),
            _ => format!(
                "target {}; stub, load generator and recorder {}{shared}",
                place(target),
                place(driver)
            ),
        }
    }
}

/// Formats `CPU 3` or `CPUs 0-3`.
fn named(cpus: &Cpus) -> String {
    match cpus.0.len() {
        1 => format!("CPU {cpus}"),
        _ => format!("CPUs {cpus}"),
    }
}

/// Returns the first half of the cores for the target and the others for the driver; neither with
/// too few CPUs.
fn halves(cores: &[Cpus]) -> (Option<Cpus>, Option<Cpus>) {
    let count: usize = cores.iter().map(|core| core.0.len()).sum();
    if count < ENOUGH_CPUS || cores.len() < 2 {
        return (None, None);
    }
    let (target, driver) = cores.split_at(cores.len().div_ceil(2));
    let together = |cores: &[Cpus]| {
        Some(
            cores
                .iter()
                .flat_map(|core| core.0.iter().copied())
                .collect(),
        )
    };
    (together(target), together(driver))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn singles(count: usize) -> Vec<Cpus> {
        (0..count).map(|cpu| Cpus::from_iter([cpu])).collect()
    }

    fn cpus(text: &str) -> Option<Cpus> {
        Some(text.parse().unwrap())
    }

    fn text(cores: &[Cpus], target: Option<Cpus>, driver: Option<Cpus>) -> String {
        Placement::choose(cores, target, driver)
            .unwrap()
            .text(false)
    }

    #[test]
    fn pins_nothing_below_four_cpus() {
        assert_eq!(
            text(&singles(2), None, None),
            "target, stub, load generator and recorder not pinned (2 CPUs)"
        );
        assert_eq!(
            text(&singles(1), None, None),
            "target, stub, load generator and recorder not pinned (1 CPU)"
        );
    }

    #[test]
    fn halves_the_cpus_from_four_on() {
        assert_eq!(
            text(&singles(4), None, None),
            "target on CPUs 0-1; stub, load generator and recorder on CPUs 2-3"
        );
        assert_eq!(
            text(&singles(5), None, None),
            "target on CPUs 0-2; stub, load generator and recorder on CPUs 3-4"
        );
    }

    #[test]
    fn keeps_hardware_threads_of_a_core_together() {
        let cores = ["0,4", "1,5", "2,6", "3,7"].map(|core| core.parse().unwrap());
        assert_eq!(
            text(&cores, None, None),
            "target on CPUs 0-1,4-5; stub, load generator and recorder on CPUs 2-3,6-7"
        );
        assert_eq!(
            Placement::choose(&["0-3".parse().unwrap()], None, None)
                .unwrap()
                .target,
            None
        );
    }

    #[test]
    fn gives_the_other_side_the_remaining_cpus() {
        assert_eq!(
            text(&singles(2), cpus("1"), None),
            "target on CPU 1; stub, load generator and recorder on CPU 0"
        );
        assert_eq!(
            text(&singles(4), None, cpus("0")),
            "target on CPUs 1-3; stub, load generator and recorder on CPU 0"
        );
        assert_eq!(
            text(&singles(2), cpus("0-1"), None),
            "target on CPUs 0-1; stub, load generator and recorder not pinned (2 CPUs)"
        );
        assert_eq!(
            text(&singles(4), cpus("0-2"), cpus("2-3")),
            "target on CPUs 0-2; stub, load generator and recorder on CPUs 2-3, some of them shared"
        );
    }

    #[test]
    fn leaves_a_target_that_ran_before_in_place() {
        let placement = Placement::choose(&singles(4), None, None).unwrap();
        assert_eq!(
            placement.text(true),
            "target left where it runs; stub, load generator and recorder on CPUs 2-3"
        );
    }

    #[test]
    fn rejects_cpus_that_do_not_exist() {
        let error = Placement::choose(&singles(2), cpus("1-2"), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "--target-cpus 1-2: no such CPU for this process; it may use 0-1"
        );
        assert!(Placement::choose(&singles(2), None, cpus("9")).is_err());
    }

    proptest! {
        #[test]
        fn covers_all_cpus_with_disjoint_halves(count in 4usize..200) {
            let placement = Placement::choose(&singles(count), None, None).unwrap();
            let (target, driver) = (placement.target.unwrap(), placement.driver.unwrap());
            prop_assert!(target.is_apart_from(&driver));
            prop_assert_eq!(target.0.len() + driver.0.len(), count);
        }
    }
}
