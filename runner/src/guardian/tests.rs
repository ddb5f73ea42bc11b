use super::*;
use std::os::unix::process::ExitStatusExt;

#[test]
fn ignores_ended_groups_and_malformed_lines() {
    let left = remaining_groups(&b"+12\n+0\n+1\n+-5\n\n+x\n+13\n-12\n"[..]);
    assert_eq!(left, BTreeSet::from([Pid::from_raw(13)]));
}

#[test]
fn drops_announced_groups_without_a_process() {
    let run = |script| {
        let mut command = Command::new("sh");
        command.args(["-c", script]).process_group(0);
        command.stdin(Stdio::piped()).spawn().unwrap()
    };
    let (mut gone, mut there) = (run("exit"), run("read line"));
    gone.wait().unwrap();
    let lines = format!("+{}\n+{}\n?\n", gone.id(), there.id());
    let left = remaining_groups(lines.as_bytes());
    drop(there.stdin.take());
    let there_id = Pid::from_raw(there.id().cast_signed());
    there.wait().unwrap();
    assert_eq!(left, BTreeSet::from([there_id]));
}

#[test]
fn spawns_without_a_guardian() {
    let mut gone = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
    let pipe = gone.stdin.take();
    gone.wait().unwrap();
    *lock() = pipe;
    let mut child = spawn(&mut Command::new("true"), None).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn formats_a_line_as_sign_and_number() {
    let mut line = [0; LINE];
    let line = format_line(&mut line, '+', u32::MAX).unwrap();
    assert_eq!(line, b"+4294967295\n");
}

#[test]
fn kills_groups_that_ignore_sigterm() {
    for (script, signal) in [
        ("exec sleep 1000", 15),
        ("trap '' TERM; echo; sleep 1000", 9),
    ] {
        let mut child = Command::new("sh")
            .args(["-c", script])
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        if signal == 9 {
            let mut byte = [0];
            io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut byte).unwrap();
        }
        guard(format!("+{}\n", child.id()).as_bytes());
        assert_eq!(child.wait().unwrap().signal(), Some(signal));
    }
}
