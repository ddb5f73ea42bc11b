use super::draw;
use crate::View;
use crate::rows::{Choice, Grouping};
use crate::view::{SECOND_NS, State};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use recording::Recording;
use recording::testing::{Build, distribution};
use recording::vocabulary::{Role, Runtime};

/// A snapshot after so many seconds of a server of two roles.
fn snapshot(arm: &str, seconds: u64) -> Recording {
    let build = Build::arm(arm)
        .thread(7, "bun", |thread| {
            let thread = thread.user(seconds * 400_000_000, 1);
            let thread = thread.call("write", seconds * 21_000, seconds * 150_000_000);
            thread
                .moving(seconds * 3_145_728)
                .run_queue(seconds * 12_000_000)
        })
        .thread(8, "HeapHelper", |thread| {
            thread
                .user(seconds * 90_000_000, 1)
                .off_cpu(seconds * 910_000_000)
        })
        .thread(9, Role::HttpClient, |thread| {
            thread.named("HTTP\u{1b}[2J").user(seconds * 10_000_000, 1)
        });
    let build = build.with(|recording| {
        recording.window.duration_ns = seconds * SECOND_NS;
        recording.target.pid = 7;
        recording.target.runtime = Runtime::Bun;
        recording.sockets.recv_bytes = seconds * 1_048_576;
        recording.sockets.requests = seconds * 412;
        let waits = [
            (2_000, 900 * seconds),
            (70_000, 90 * seconds),
            (3_000_000, seconds),
        ];
        let latency = &mut recording.latency;
        latency.insert("run_queue".into(), distribution(&waits));
    });
    build.done()
}

fn view(arms: &[&str], choice: Choice) -> View {
    let names: Vec<_> = arms.iter().map(|arm| (arm.to_string(), 7)).collect();
    let mut view = View::new(&names, choice, SECOND_NS, 1);
    for seconds in 1..=4 {
        for (target, arm) in arms.iter().enumerate() {
            view.add(target, snapshot(arm, seconds), seconds * SECOND_NS);
        }
    }
    view
}

fn screen(view: &mut View, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("in memory");
    terminal
        .draw(|screen| draw(view, screen))
        .expect("in memory");
    let text = terminal.backend().to_string();
    // Quotes and spaces at the ends of lines show nothing.
    let lines = text.lines().map(|line| line.trim_matches('"').trim_end());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn draws_roles_with_histograms() {
    insta::assert_snapshot!(screen(&mut view(&["bun"], Choice::default()), 110, 19), @r##"
        bun  pid 7, Bun  live
        CPU 65.0 %  user 41.0  syscalls 15.0  faults 0.0  GC 9.0  in 3 threads
        run queue 1.2 %  0 switches/s  21,000 syscalls/s
        TCP in 1.00 MiB/s, out 0 B/s  412 requests/s
        kontrast itself 0.0 %
        ███
        ROLE                  THREADS   CPU%  USER%  SYSC% FAULT%    GC%  RUNQ%  BLOCK%  SWITCH/s SYSCALL/s    BYTES/s
        main loop                   1   55.0   40.0   15.0    0.0      –    1.2     0.0         0    21,000   3.00 MiB
        JSC heap helper (GC)        1    9.0    0.0    0.0    0.0    9.0    0.0    91.0         0         0        0 B
        thread pool                 1    1.0    1.0    0.0    0.0      –    0.0     0.0         0         0        0 B

        run queue  991, p50 2.05 µs, p99 73.7 µs, max 3.01 ms   proxy latency  none
          ██
          ██
          ██
          ██          ▄▄        ▁▁
          1µs       33µs      1ms       34ms      1s              1µs       33µs      1ms       34ms      1s

        q quit  g roles/threads  < > sort  / filter  space pause  ← → history  r record  ? help
        "##);
}

#[test]
fn draws_threads_sorted_by_another_column() {
    let choice = Choice {
        grouping: Grouping::Threads,
        sort: crate::column::Column::Blocked,
        ..Choice::default()
    };
    insta::assert_snapshot!(screen(&mut view(&["bun"], choice), 80, 12), @r##"
        bun  pid 7, Bun  live
        CPU 65.0 %  user 41.0  syscalls 15.0  faults 0.0  GC 9.0  in 3 threads
        run queue 1.2 %  0 switches/s  21,000 syscalls/s
        TCP in 1.00 MiB/s, out 0 B/s  412 requests/s
        kontrast itself 0.0 %
        ███
        THREAD                  TID   CPU%  USER%  SYSC%    GC%  RUNQ%  BLOCK%  SWITCH/s
        HeapHelper  JSC he        8    9.0    0.0    0.0    9.0    0.0    91.0         0
        HTTP�[2J  thread p        9    1.0    1.0    0.0      –    0.0     0.0         0
        bun  main loop            7   55.0   40.0   15.0      –    1.2     0.0         0

        q quit  g roles/threads  < > sort  / filter  space pause  ← → history  r record
        "##);
}

#[test]
fn draws_two_targets_side_by_side() {
    insta::assert_snapshot!(screen(&mut view(&["go", "bun"], Choice::default()), 150, 11), @r##"
        go  pid 7, Bun  live                                                        bun  pid 7, Bun  live
        CPU 65.0 %  user 41.0  syscalls 15.0  faults 0.0  GC 9.0  in 3 threads      CPU 65.0 %  user 41.0  syscalls 15.0  faults 0.0  GC 9.0  in 3 threads
        run queue 1.2 %  0 switches/s  21,000 syscalls/s                            run queue 1.2 %  0 switches/s  21,000 syscalls/s
        TCP in 1.00 MiB/s, out 0 B/s  412 requests/s                                TCP in 1.00 MiB/s, out 0 B/s  412 requests/s
        kontrast itself 0.0 %                                                       kontrast itself 0.0 %
        ███                                                                         ███
        ROLE                THREADS   CPU%  USER%  SYSC%  RUNQ%  SWITCH/s SYSCALL/s ROLE               THREADS   CPU%  USER%  SYSC%  RUNQ%  SWITCH/s SYSCALL/s
        main loop                 1   55.0   40.0   15.0    1.2         0    21,000 main loop                1   55.0   40.0   15.0    1.2         0    21,000
        JSC heap helper (G        1    9.0    0.0    0.0    0.0         0         0 JSC heap helper (        1    9.0    0.0    0.0    0.0         0         0
        thread pool               1    1.0    1.0    0.0    0.0         0         0 thread pool              1    1.0    1.0    0.0    0.0         0         0
        q quit  g roles/threads  < > sort  / filter  space pause  ← → history  r record  ? help
        "##);
}

#[test]
fn draws_two_targets_below_each_other_where_there_is_no_room() {
    let text = screen(&mut view(&["go", "bun"], Choice::default()), 90, 30);
    let starts = |name: &str| text.lines().position(|line| line.starts_with(name));
    assert_eq!(
        (starts("go  pid 7"), starts("bun  pid 7")),
        (Some(0), Some(15))
    );
}

#[test]
fn draws_on_the_smallest_terminals() {
    for (width, height) in [(1, 1), (10, 3), (30, 8), (400, 100)] {
        let mut view = view(&["go", "bun"], Choice::default());
        view.help = true;
        screen(&mut view, width, height);
    }
}

#[test]
fn shows_help_filter_and_message_in_place_of_keys() {
    let mut view = view(&["bun"], Choice::default());
    let last = |view: &mut View| {
        let text = screen(view, 100, 20);
        text.lines().last().unwrap_or_default().to_owned()
    };
    assert!(
        last(&mut view).starts_with("q quit  g roles/threads"),
        "{}",
        last(&mut view)
    );
    view.message = "written\u{1b}[2J".into();
    assert_eq!(last(&mut view), "written\u{fffd}[2J");
    view.edits_filter = true;
    view.choice.filter = "heap".into();
    assert!(last(&mut view).starts_with("/heap"));
    view.help = true;
    assert!(screen(&mut view, 100, 30).contains("invert the order"));
}

#[test]
fn says_why_there_is_no_frame() {
    let mut view = View::new(&[("x".into(), 7)], Choice::default(), SECOND_NS, 1);
    assert!(screen(&mut view, 80, 12).contains("attaching the eBPF programs"));
    view.targets[0].state = State::Failed("no privilege\u{1b}c".into());
    let text = screen(&mut view, 80, 12);
    assert!(text.contains("no privilege\u{fffd}c"), "{text}");
}
