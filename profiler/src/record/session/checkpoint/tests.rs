use super::*;
use crate::record::SAMPLE_HZ;
use crate::record::probe_groups::HookKind;
use crate::record::programs::Stacks;
use crate::record::threads::join;
use profiler_common::Slot;
use profiler_common::thread::Accounting;
use recording::observer::Mode;

fn checkpoint(start_ns: u64) -> Checkpoint {
    Checkpoint {
        opening: Opening::now(&[], &Tasks::default()).again(start_ns, ProcSnapshot::default()),
        regions: Regions::default(),
        peers: PeerSums::new(),
        block_io: BlockSums::new(),
        runtime_stats: RuntimeStats::default(),
        threads: Vec::new(),
        drained: Drained::default(),
        exits: 0,
        own_cpu_ns: 0,
        samples: Samples::default(),
    }
}

fn checkpoints(last: Duration, starts_ns: &[u64]) -> Checkpoints {
    Checkpoints {
        last_ns: nanoseconds(last),
        maps: None,
        maps_fill: false,
        count: 0,
        kept: starts_ns.iter().map(|at| checkpoint(*at)).collect(),
    }
}

fn options(last: Option<Duration>) -> Options {
    Options {
        arm: None,
        runtime: None,
        program: None,
        runtime_version: String::new(),
        placement: String::new(),
        log_programs: false,
        hooks: HookKind::ALL.to_vec(),
        stacks: Stacks {
            user: true,
            kernel: true,
        },
        kernel_stack_every: 1,
        off_cpu_stacks: false,
        timeline: None,
        load_port: None,
        followed_calls: Vec::new(),
        sample_hz: SAMPLE_HZ,
        mode: Mode::All,
        round: 0,
        follow_forks: true,
        cgroups: Vec::new(),
        runtime_symbols: None,
        symbols: Vec::new(),
        last,
    }
}

#[test]
fn rejects_options_that_record_from_the_start() {
    let minute = Some(Duration::from_secs(60));
    let whole = Checkpoints::of(&options(None)).expect("nothing to cut");
    assert!(whole.is_none());
    let kept = Checkpoints::of(&options(minute)).expect("it can be cut");
    assert!(kept.is_some_and(|kept| kept.last_ns == 60_000_000_000));
    let waits = Options {
        off_cpu_stacks: true,
        ..options(minute)
    };
    let calls = Options {
        followed_calls: vec!["accept".into()],
        ..options(minute)
    };
    for wrong in [waits, calls] {
        let refused = Checkpoints::of(&wrong).err().expect("refused").to_string();
        assert!(refused.contains("the last 60.0 s"), "{refused}");
    }
}

#[test]
fn keeps_checkpoints_from_where_a_recording_would_begin() {
    let mut kept = checkpoints(Duration::from_nanos(60), &[10, 20, 30, 40]);
    assert_eq!((kept.older(69), kept.older(70), kept.older(95)), (0, 1, 3));
    kept.forget(69);
    assert_eq!(kept.kept.len(), 4, "the recording is of the whole window");
    kept.forget(95);
    let starts: Vec<u64> = kept.kept.iter().map(|it| it.opening.start_ns).collect();
    assert_eq!(starts, [30, 40]);
}

#[test]
fn adds_a_checkpoint_twelve_times_but_not_more_often_than_points() {
    let due = |last, number| checkpoints(last, &[]).are_due(number);
    let minute = Duration::from_secs(60);
    assert!(due(minute, 50) && due(minute, 100) && !due(minute, 10) && !due(minute, 51));
    let second = Duration::from_secs(1);
    assert!(due(second, 10) && !due(second, 5));
}

#[test]
fn divides_a_call_that_is_open_at_the_instant() {
    let span = |start_ns, end_ns| Span { start_ns, end_ns };
    let nothing = ProcSnapshot::default();
    let mut thread = Tracked::new(7, 7, 3, ON_CPU, 1000);
    Slot::exclusive(&mut thread).enter(0, 1100);
    Slot::exclusive(&mut thread).switch_out(1150, true, Accounting::default());
    let calls_of = |thread: &Tracked, until, returned: &[(u32, u32, SyscallStat)]| {
        let mut calls = returned.to_vec();
        let mut joined = join(&[*thread], &[], &nothing, &nothing, span(1000, until));
        add_open_calls(&mut joined, &mut calls);
        assert_eq!(joined[0].tracked.flags & FLAG_IN_SYSCALL, 0);
        calls
    };
    let then = Drained {
        syscalls: calls_of(&thread, 2000, &[]),
        ..Drained::default()
    };
    let blocked = |now: Vec<_>| {
        let now = Drained {
            syscalls: now,
            ..Drained::default()
        };
        let since = now.since(&then).syscalls;
        let sum = |of: fn(&SyscallStat) -> u64| since.iter().map(|(_, _, stat)| of(stat)).sum();
        let sums: [u64; 3] = [
            sum(|stat| stat.count),
            sum(|stat| stat.on_cpu_ns),
            sum(|stat| stat.blocked_ns),
        ];
        sums
    };
    assert_eq!(
        blocked(calls_of(&thread, 2600, &[])),
        [0, 0, 600],
        "it still sleeps"
    );
    Slot::exclusive(&mut thread).wake(2400);
    Slot::exclusive(&mut thread).switch_in(2500);
    Slot::exclusive(&mut thread).exit(2530);
    let returned = SyscallStat {
        count: 1,
        on_cpu_ns: 80,
        blocked_ns: 1250,
        ..SyscallStat::default()
    };
    let calls = calls_of(&thread, 2600, &[(3, 0, returned)]);
    assert_eq!(blocked(calls), [1, 30, 400], "it returned");
}
