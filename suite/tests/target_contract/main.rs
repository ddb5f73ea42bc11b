//! Tests the common behaviour of every target in `targets/` (docs/targets.md).
//!
//! Each pair of target and case is a separate test: `cargo test -p suite --test target_contract
//! bun::` runs those of one target. A target is built when its first case runs.

mod cases;
mod client;
mod model;
mod postgres;
mod session;
mod stub;
mod version;

use cases::Case;
use libtest_mimic::{Arguments, Failed, Trial};
use runner::{
    guardian,
    target::{Arm, Manifest},
};
use session::Session;
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, LazyLock},
    time::Duration,
};

/// Far longer than any case takes on a busy machine: reaching it means that an event never came.
const STUCK: Duration = Duration::from_secs(180);

/// If set, every case runs. Otherwise a target written with a framework runs the cases of `chat`,
/// and its variants one: the rest of its behaviour is mostly the framework's, and takes long.
const ALL: &str = "KONTRAST_TEST_ALL";

/// The workload in which two processes share rooms.
const SHARED: &str = "pubsub-redis";

fn everything() -> bool {
    std::env::var_os(ALL).is_some()
}

/// A target that is built at most once.
type Built = Arc<LazyLock<Result<Arm, String>, Box<dyn FnOnce() -> Result<Arm, String> + Send>>>;

fn main() -> ExitCode {
    // Servers end with the tests, also if the tests are killed.
    if std::env::args().nth(1).as_deref() == Some(guardian::VERB) {
        guardian::guard(std::io::stdin().lock());
        return ExitCode::SUCCESS;
    }
    guardian::start().expect("this program can be started once more");
    let arguments = Arguments::from_args();
    let trials = targets().iter().flat_map(|target| trials(target)).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    postgres::end();
    conclusion.exit_code()
}

fn targets_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../targets")
}

/// Returns the folders that hold a target, sorted.
fn targets() -> Vec<String> {
    let entries = fs::read_dir(targets_dir()).expect("there is a folder of targets");
    let names = entries.map(|entry| {
        entry
            .expect("it can be read")
            .file_name()
            .into_string()
            .expect("names are plain")
    });
    let mut names: Vec<String> = names
        .filter(|name| targets_dir().join(name).join("target.toml").exists())
        .collect();
    names.sort();
    assert!(!names.is_empty(), "there are targets to test");
    names
}

/// Returns every case for the target and for variants on another runtime, and the first case for
/// other variants.
fn trials(target: &str) -> Vec<Trial> {
    let arm = Arm::resolve(target, &targets_dir()).unwrap_or_else(|error| panic!("{error}"));
    let manifest: Manifest = arm.manifest().expect("it has a folder").clone();
    let built = build_once(target.to_owned());
    let all = trials_of_runtime(target, &built, &manifest);
    let variants = manifest.variants.iter().flat_map(|(name, variant)| {
        let arm = format!("{target}:{name}");
        let built = build_once(arm.clone());
        let another_runtime = variant.runtime.is_some() || variant.version.is_some();
        match another_runtime && (manifest.framework.is_none() || everything()) {
            true => trials_of_runtime(&arm, &built, &manifest),
            false => vec![trial(&arm, &built, &cases::ALL[0], None)],
        }
    });
    all.into_iter().chain(variants).collect()
}

/// Returns the cases of its workloads, and the check of its version.
fn trials_of_runtime(arm: &str, built: &Built, manifest: &Manifest) -> Vec<Trial> {
    let all = manifest.framework.is_none() || everything();
    let serves = |case: &&Case| {
        let shared = case.workload == SHARED && manifest.bus.iter().any(|bus| bus == "redis");
        let served = shared || manifest.workloads.iter().any(|name| name == case.workload);
        served && (all || case.workload == "chat")
    };
    let cases = cases::ALL.iter().filter(serves);
    let version = [Case {
        name: "version",
        workload: "chat",
        run: version::is_what_it_says,
    }];
    cases
        .chain(&version)
        .flat_map(|case| trials_of_case(arm, built, case, manifest))
        .collect()
}

/// Returns one trial for each of its databases, if the workload uses one.
fn trials_of_case(arm: &str, built: &Built, case: &Case, manifest: &Manifest) -> Vec<Trial> {
    if !matches!(case.workload, "history" | "threads") {
        return vec![trial(arm, built, case, None)];
    }
    let databases = manifest.databases.iter();
    databases
        .map(|database| trial(arm, built, case, Some(database)))
        .collect()
}

fn build_once(arm: String) -> Built {
    let build = move || {
        let arm = Arm::resolve(&arm, &targets_dir()).map_err(|error| error.to_string())?;
        arm.build().map_err(|error| error.to_string())?;
        Ok(arm)
    };
    Arc::new(LazyLock::new(Box::new(build)))
}

fn trial(target: &str, built: &Built, case: &Case, database: Option<&str>) -> Trial {
    let (built, workload, run) = (Arc::clone(built), case.workload, case.run);
    let mut name = format!("{target}::{}::{}", case.workload, case.name);
    let database = database.map(str::to_owned);
    if let Some(database) = &database {
        name = format!("{name}::{database}");
    }
    Trial::test(name, move || {
        let arm = LazyLock::force(&built).as_ref().map_err(Failed::from)?;
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(async {
            let mut session = Session::start(arm, database.as_deref()).await?;
            if workload == SHARED {
                session.share()?;
            }
            tokio::time::timeout(STUCK, run(session))
                .await
                .map_err(|_| "an event that should have come never did")?;
            Ok(())
        })
    })
}
