use super::{Arm, Source};
use proptest::prelude::*;
use std::{fs, path::Path};
use tempfile::TempDir;

/// Creates a folder with the targets `go` and `odd`, `go` with variants.
fn targets() -> TempDir {
    let dir = TempDir::new().unwrap();
    for name in ["go", "odd"] {
        let folder = dir.path().join(name);
        fs::create_dir(&folder).unwrap();
        let variant = if name == "go" {
            "variants.small.args = ['-s']\nvariants.node.runtime = 'node'"
        } else {
            ""
        };
        let text = format!("name = '{name}'\nruntime = 'go'\nversion = '1'\nrun = 'x'\n{variant}");
        fs::write(folder.join("target.toml"), text).unwrap();
    }
    dir
}

fn refusal(spec: &str) -> String {
    let error = Arm::resolve(spec, targets().path())
        .expect_err("it should be refused")
        .to_string();
    error.lines().collect::<Vec<_>>().join(" ")
}

#[test]
fn resolves_a_target_by_name_or_path() {
    let targets = targets();
    let path = targets.path().join("go").display().to_string();
    for (spec, name) in [
        ("go".into(), "go"),
        (path.clone(), "go"),
        (format!("old={path}"), "old"),
    ] {
        let arm = Arm::resolve(&spec, targets.path()).unwrap();
        assert_eq!(
            (arm.name(), arm.path()),
            (name, Some(Path::new(&path))),
            "{spec}"
        );
    }
}

#[test]
fn resolves_a_variant_with_its_arguments() {
    let targets = targets();
    let path = format!("{}:small", targets.path().join("go").display());
    for (spec, name) in [
        ("go:small", "go:small"),
        (&path, "go:small"),
        ("less=go:small", "less"),
    ] {
        let arm = Arm::resolve(spec, targets.path()).unwrap();
        let Source::Folder(folder) = &arm.source else {
            panic!("{spec} is a folder")
        };
        assert_eq!(
            (arm.name(), folder.variant.args[0].as_str()),
            (name, "-s"),
            "{spec}"
        );
    }
}

#[test]
fn resolves_the_runtime_of_a_variant() {
    let targets = targets();
    let runtime = |spec| Arm::resolve(spec, targets.path()).unwrap().runtime();
    let of = |runtime: &str| Some((runtime.to_owned(), "1".to_owned()));
    assert_eq!(
        (runtime("go"), runtime("go:small"), runtime("go:node")),
        (of("go"), of("go"), of("node"))
    );
}

#[test]
fn resolves_a_running_process() {
    let arm = Arm::resolve("api=pid:42@http://127.0.0.1:80/", Path::new("none")).unwrap();
    assert_eq!(arm.name(), "api");
    assert!(
        matches!(&arm.source, Source::Process { pid: 42, url } if url == "http://127.0.0.1:80")
    );
    assert!(arm.manifest().is_none() && arm.path().is_none());
}

#[test]
fn rejects_malformed_arms_with_a_correct_form() {
    assert!(refusal("rust").contains("there are: go, odd"));
    assert!(refusal("./nowhere").contains("no target.toml in ./nowhere"));
    assert!(refusal("go:big").contains("go has no variant \"big\" (variants: node, small)"));
    assert!(refusal("odd:x").contains("(variants: none)"));
    assert!(refusal("go:").contains("no variant \"\""));
    assert!(refusal("").contains("an arm is the name of a folder"));
    assert!(refusal("a b=go").contains("NAME = \"a b\""));
    assert!(refusal("pid:1@http://x").contains("needs a name"));
    assert!(refusal("a=pid:1").contains("URL after @ is missing"));
    assert!(refusal("a=pid:1@https://x").contains("is not an http:// URL"));
    assert!(refusal("a=pid:1@127.0.0.1:6379").contains("as in redis://HOST:PORT"));
    let redis = Arm::resolve("r=pid:42@redis://127.0.0.1:6379", Path::new("none")).unwrap();
    assert!(!redis.speaks_http());
    assert!(refusal("a=pid:1@http://").contains("is not an http:// URL"));
    for pid in ["0", "-1", "x", "2147483648", ""] {
        assert!(
            refusal(&format!("a=pid:{pid}@http://x")).contains("is not a process id"),
            "{pid}"
        );
    }
    assert!(!refusal("\u{1b}[2J").contains('\u{1b}'));
}

#[test]
fn reports_the_line_of_a_broken_target_toml() {
    let targets = targets();
    fs::write(
        targets.path().join("odd/target.toml"),
        "name = 'odd'\nport = 1\n",
    )
    .unwrap();
    let error = Arm::resolve("odd", targets.path()).unwrap_err().to_string();
    assert!(
        error.contains("odd/target.toml: ") && error.contains("line 2") && error.contains("port"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn resolves_or_rejects_any_text(spec in "\\PC{0,24}") {
        let _ = Arm::resolve(&spec, Path::new("none"));
    }

    #[test]
    fn accepts_only_names_that_are_safe_in_a_path(name in "[a-z/.=:]{0,8}") {
        if let Ok(arm) = Arm::resolve(&format!("{name}=pid:1@http://x"), Path::new("none")) {
            prop_assert!(!arm.name().contains('/') && !arm.name().starts_with('.'));
        }
    }
}
