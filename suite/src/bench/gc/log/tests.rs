use super::*;

fn read(format: Format, line: &str) -> (u64, f64, f64) {
    let logged = format.read(&[line]);
    (logged.collections, logged.time_ns, logged.steps_ns)
}

#[test]
fn adds_up_the_pauses_of_collections_of_javascriptcore() {
    let eden = "[GC<0x7f5a5c400108>: START M 576kb => EdenCollection, a=0kb hf=0.000 mu=0.600 v=0kb \
                (C:0 M:0 P1:0) o=0 b=0 i#1:N<CsMsrShDMsm(0)> 439+0 v=181kb (C:181 M:0 P1:0) o=1 b=0 \
                i#3:P<MsrShCsDMsm(0)CbDomoWsOJw> => 207kb, p=1.031796ms (max 1.031796), cycle \
                0.968202ms END]";
    assert_eq!(read(Format::Jsc, eden), (1, 1_031_796.0, 0.0));
    for other in ["GC END!", "[GC<0x7f5a5c400108>: finalize 0.026600ms]"] {
        assert_eq!(read(Format::Jsc, other), (0, 0.0, 0.0), "{other}");
    }
    let in_two = "… p=1.000000ms (max 5.019420)...]\n";
    assert_eq!(read(Format::Jsc, in_two), (0, 1_000_000.0, 0.0));
    assert_eq!(read(Format::Jsc, "p=oddms (max 1)"), (0, 0.0, 0.0));
}

#[test]
fn adds_up_the_cpu_time_of_collections_of_go() {
    let line = "gc 14 @2.104s 1%: 0.022+1.2+0.005 ms clock, 0.044+0.43/0.71/0.10+0.010 ms cpu, \
                6->6->3 MB, 7 MB goal, 0 MB stacks, 0 MB globals, 2 P";
    let (collections, time_ns, _) = read(Format::Go, line);
    assert_eq!(collections, 1);
    assert!((time_ns - 1_294_000.0).abs() < 1.0, "{time_ns}");
    for other in [
        "scvg: inuse: 5, idle: 3, sys: 8 (MB)",
        "gc 14 @2.104s 1%: 0.022+1.2 ms clock",
        "gc 1 @0s 0%: 1+2+3 ms clock, 1+x/3/4+5 ms cpu, 4->4->0 MB",
    ] {
        assert_eq!(read(Format::Go, other), (0, 0.0, 0.0), "{other}");
    }
}

#[test]
fn reads_collections_of_v8_with_their_steps() {
    let scavenge = "[30852:0x373be000]       55 ms: Scavenge 4.7 (5.8) -> 4.5 (6.8) MB, pooled: 0 MB, \
                    1.28 / 0.00 ms  (average mu = 1.000, current mu = 1.000) allocation failure; ";
    assert_eq!(read(Format::V8, scavenge), (1, 1_280_000.0, 0.0));
    assert_eq!(Format::V8.own_time_ns(scavenge), Some(55_000_000));
    let compact = "[5821:0x2f6f4000]     1046 ms: Mark-Compact (reduce) 6.0 (8.3) -> 5.1 (9.0) MB, \
                   1.19 / 0.02 ms  (+ 0.4 ms in 3 steps since start of marking, biggest step 0.2 ms, \
                   walltime since start of marking 3 ms) (average mu = 0.9) finalize incremental;";
    assert_eq!(read(Format::V8, compact), (1, 1_190_000.0, 400_000.0));
    assert_eq!(read(Format::V8, "listening on 4000"), (0, 0.0, 0.0));
    assert_eq!(Format::Go.own_time_ns(scavenge), None);
}

#[test]
fn reads_collections_of_python() {
    assert_eq!(read(Format::Python, "gc 2 1500"), (1, 1_500.0, 0.0));
    assert_eq!(read(Format::Python, "INFO: started"), (0, 0.0, 0.0));
}

#[test]
fn reads_pauses_and_safepoints_of_java() {
    let young = "GC(3) Pause Young (Normal) (G1 Evacuation Pause) 24M->4M(256M) 3.456ms";
    assert_eq!(read(Format::Java, young), (1, 3_456_000.0, 0.0));
    let step = "GC(7) Pause Mark Start 0.012ms";
    assert_eq!(read(Format::Java, step), (0, 12_000.0, 0.0));
    let whole = "GC(7) Garbage Collection (Warmup) 26M(10%)->12M(5%)";
    assert_eq!(read(Format::Java, whole), (1, 0.0, 0.0));
    for other in [
        "GC(7) Garbage Collection (Warmup)",
        "GC(3) Pause Young (Normal) (G1 Evacuation Pause)",
        "GC(4) Concurrent Mark 12.000ms",
        "Using G1",
    ] {
        assert_eq!(read(Format::Java, other), (0, 0.0, 0.0), "{other}");
    }
    let safepoint = "Safepoint \"G1CollectForAllocation\", Time since last: 149016 ns, Reaching \
                     safepoint: 50014 ns, At safepoint: 2311511 ns, Total: 2361525 ns";
    assert_eq!(read(Format::Safepoints, safepoint), (1, 2_361_525.0, 0.0));
    assert_eq!(read(Format::Safepoints, young), (0, 0.0, 0.0));
    assert_eq!(Format::of_arm("java-z").unwrap(), Format::Java);
}

#[test]
fn rejects_arms_whose_runtime_writes_no_log() {
    assert_eq!(Format::of_arm("bun-1.4").unwrap(), Format::Jsc);
    let error = Format::of_arm("rust").unwrap_err().to_string();
    assert!(error.contains("choose bun"), "{error}");
}
