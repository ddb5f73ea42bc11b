use super::Manifest;
use proptest::prelude::*;

const LEAST: &str = "name = 'a'\nruntime = 'go'\nversion = '1'\nrun = './server'\n";

fn refusal(more: &str) -> String {
    Manifest::parse(&format!("{LEAST}{more}")).expect_err("it should be refused")
}

#[test]
fn applies_defaults_to_the_smallest_manifest() {
    let manifest = Manifest::parse(LEAST).unwrap();
    assert_eq!((manifest.build, manifest.ready), (None, None));
    assert_eq!(manifest.workloads, ["chat"]);
    assert_eq!(manifest.databases, ["sqlite"]);
}

#[test]
fn parses_variants() {
    let text = format!("{LEAST}[variants.small]\nenv = {{ GOGC = '50' }}\nargs = ['--x']\n");
    let small = &Manifest::parse(&text).unwrap().variants["small"];
    assert_eq!(
        (small.env["GOGC"].as_str(), small.args[0].as_str()),
        ("50", "--x")
    );
}

#[test]
fn parses_settings_for_instrumented_rounds() {
    let text = format!("{LEAST}instrumented = {{ env = {{ X = '{{dir}}' }}, args = ['--x'] }}\n");
    let help = Manifest::parse(&text).unwrap().instrumented.unwrap();
    assert_eq!((help.env["X"].as_str(), &*help.args[0]), ("{dir}", "--x"));
    assert!(refusal("instrumented = { argv = [] }").contains("argv"));
    assert!(
        refusal("[instrumented.env]\nPORT = '1'")
            .contains("instrumented.env: PORT is set by kontrast")
    );
    assert!(refusal("[instrumented]\nargs = [\"a\\u0000\"]").contains("instrumented.args"));
}

#[test]
fn parses_reasons_for_unsupported_workloads() {
    let text = format!("{LEAST}[cannot]\nhistory = 'it has no database'\n");
    let manifest = Manifest::parse(&text).unwrap();
    assert_eq!(manifest.cannot["history"], "it has no database");
}

#[test]
fn reports_the_key_of_an_invalid_value() {
    assert!(refusal("biuld = 'make'").contains("biuld"));
    assert!(refusal("[variants.x]\nargv = []").contains("argv"));
    assert!(refusal("build = ' '").starts_with("build is empty"));
    assert!(refusal("bus = ['a b']").contains("a b"));
    assert!(refusal("installed = ''").starts_with("installed is empty"));
    assert!(refusal("ready = 'healthz'").starts_with("ready = \"healthz\""));
    assert!(refusal("ready = '/a b'").starts_with("ready = "));
    assert!(refusal("[env]\nPORT = '1'").contains("PORT is set by kontrast"));
    assert!(refusal("[env]\n'A=B' = '1'").contains("cannot be an environment variable"));
    assert!(refusal("[variants.'a/b']").contains("a/b"));
    assert!(refusal("workloads = ['../x']").contains("../x"));
    assert!(refusal("[cannot]\n'a/b' = 'no'").contains("a/b"));
    assert!(refusal("[cannot]\nhistory = ' '").contains("cannot.history must be the reason"));
    assert!(refusal("[cannot]\nchat = 'no'").contains("chat is both"));
    assert!(refusal("[cannot]\nsqlite = 'no'").contains("sqlite is both"));
    assert!(refusal("databases = ['my sql']").contains("my sql"));
    assert!(refusal("[variants.x]\nversion = ' '").contains("variants.x.version"));
    assert!(
        Manifest::parse("")
            .expect_err("it is empty")
            .contains("name")
    );
    assert!(Manifest::parse(&LEAST.replace("'a'", "'\\u001b[2J'")).is_err());
}

proptest! {
    #[test]
    fn parses_or_rejects_any_text(text in ".*") {
        let _ = Manifest::parse(&text);
    }

    #[test]
    fn accepts_only_names_that_are_safe_in_a_path(name in "\\PC{1,12}") {
        if super::check_name("name", &name).is_ok() {
            prop_assert!(!name.contains('/') && !name.starts_with('.') && name.is_ascii());
        }
    }
}
