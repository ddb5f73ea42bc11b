use super::*;

#[test]
fn rejects_programs_without_functions_of_go() {
    let tests = std::env::current_exe().unwrap();
    let error = format!("{:#}", Executable::read(&tests).unwrap_err());
    assert!(error.contains("table of functions"), "{error}");
    assert!(Executable::read(Path::new("/etc/passwd")).is_err());
}
