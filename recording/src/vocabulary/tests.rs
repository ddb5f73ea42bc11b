use super::*;
use std::collections::BTreeSet;
use std::fmt::Debug;

fn survives_json<T>(value: &T)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + Debug,
{
    let text = serde_json::to_string(value).expect("text");
    assert_eq!(
        &serde_json::from_str::<T>(&text).expect("the same word"),
        value
    );
}

/// Checks that names and labels of a vocabulary are distinct, and that each value survives a file.
macro_rules! holds {
    ($vocabulary:ty) => {{
        let all = <$vocabulary>::ALL;
        all.iter().for_each(survives_json);
        let names: BTreeSet<_> = all.iter().map(|value| value.name()).collect();
        let labels: BTreeSet<_> = all.iter().map(|value| value.label()).collect();
        assert_eq!(
            (names.len(), labels.len()),
            (all.len(), all.len()),
            stringify!($vocabulary)
        );
        assert!("no such word".parse::<$vocabulary>().is_err());
    }};
}

#[test]
fn keeps_names_and_labels_distinct() {
    holds!(CodeCategory);
    holds!(MemoryEvent);
    holds!(MetricId);
    holds!(Per);
    holds!(ProbeGroup);
    holds!(ProxyStage);
    holds!(RegionClass);
    holds!(Runtime);
    holds!(SyscallClass);
    holds!(Unit);
}

#[test]
fn reads_each_kind_back() {
    let mut kinds = vec![
        TermKind::UserCode,
        TermKind::Fault,
        TermKind::ContextSwitch,
        TermKind::Gc,
        TermKind::Unclassified,
        TermKind::RunQueueBlame,
    ];
    kinds.extend(SyscallClass::ALL.iter().copied().map(TermKind::Syscall));
    kinds.extend(CodeCategory::ALL.iter().copied().map(TermKind::Code));
    kinds.extend(RegionClass::ALL.iter().copied().map(TermKind::Region));
    kinds.extend(RegionClass::ALL.iter().copied().map(TermKind::FaultRegion));
    kinds.extend(ProxyStage::ALL.iter().copied().map(TermKind::Proxy));
    kinds.iter().for_each(survives_json);
    assert!(kinds.iter().all(|kind| !kind.label().is_empty()));
    for wrong in ["", "syscall", "syscall:", "code:send", "nothing:gc"] {
        assert!(wrong.parse::<TermKind>().is_err(), "{wrong}");
    }
}

#[test]
fn keeps_names_of_unknown_threads() {
    for role in ["main loop", "sysmon", "my-worker", ""] {
        let role = Role::from(role);
        survives_json(&role);
    }
    assert_eq!(Role::from("main loop"), Role::MainLoop);
    assert_eq!(Role::from("my-worker"), Role::Named("my-worker".into()));
    assert_eq!(Role::JscHeapHelper.to_string(), "JSC heap helper (GC)");
}

#[test]
fn reads_places_of_code() {
    let places = [
        CodePlace::Syscall,
        CodePlace::Kernel,
        CodePlace::Region(RegionClass::JitCode),
    ];
    places.iter().for_each(survives_json);
    assert!("nowhere".parse::<CodePlace>().is_err());
}
