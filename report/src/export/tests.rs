use super::*;
use recording::comparison::{FlameFrame, FlameLevel};
use recording::vocabulary::{CodePlace, MetricId, RegionClass};
use serde_json::Value;

const HOSTILE: &str = "a;b\n\x1b[2J</script>\"\\\u{202e}";

fn frame(level: FlameLevel, label: &str) -> FlameFrame {
    let is_function = level == FlameLevel::Function;
    FlameFrame {
        level,
        label: label.into(),
        module: if is_function {
            "server".into()
        } else {
            String::new()
        },
        package: String::new(),
        place: is_function.then_some(CodePlace::Region(RegionClass::BinaryText)),
        unnamed: false,
    }
}

/// An arm with 10.4 ns in `main`, 20.4 ns in a function that it calls, and 5.2 ns without a sample.
fn flame(function: &str, arms: &[&str]) -> Flame {
    let node = |parent, frame, own| FlameNode { parent, frame, own };
    let graph = |arm: &&str| FlameGraph {
        arm: arm.to_string(),
        folded_below: 0.0,
        nodes: vec![
            node(None, 0, 0.0),
            node(Some(0), 1, 0.0),
            node(Some(1), 2, 10.4),
            node(Some(2), 3, 20.4),
            node(Some(1), 4, 5.2),
            // A damaged file.
            node(Some(9), 9, f64::NAN),
        ],
    };
    Flame {
        metric: MetricId::CpuNsPerToken,
        per: Per::Token,
        frames: vec![
            frame(FlameLevel::Role, "main loop"),
            frame(FlameLevel::Kind, "application code"),
            frame(FlameLevel::Function, "main"),
            frame(FlameLevel::Function, function),
            frame(FlameLevel::NoSample, "no sample"),
        ],
        arms: arms.iter().map(graph).collect(),
        packages: Vec::new(),
        pairs: Vec::new(),
    }
}

fn written(flame: &Flame, format: Format) -> String {
    let mut bytes = Vec::new();
    export(flame, format, &mut bytes).expect("written");
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn writes_a_line_for_each_stack() {
    let one = written(&flame("answer", &["go"]), Format::Folded);
    let expected = "main loop;application code;main 10\n\
                    main loop;application code;main;answer 21\n\
                    main loop;application code;no sample 5\n";
    assert_eq!(one, expected, "the values add up to the rounded sum");
    let two = written(&flame("answer", &["go", "b;un"]), Format::Folded);
    assert!(two.contains("\nb:un;main loop;application code;main 10\n"));
}

#[test]
fn keeps_hostile_names_inside_their_frame() {
    for name in [HOSTILE.to_owned(), ";\u{1b}".repeat(1 << 19)] {
        let flame = flame(&name, &["go", HOSTILE]);
        let folded = written(&flame, Format::Folded);
        assert_eq!(folded.lines().count(), 6);
        let frames = |line: &str| line.split(';').count();
        assert_eq!(folded.lines().map(frames).max(), Some(5), "{folded}");
        for format in [
            Format::Folded,
            Format::Speedscope,
            Format::Firefox,
            Format::Svg,
        ] {
            let text = written(&flame, format);
            let bad = text
                .chars()
                .find(|letter| letter.is_control() && *letter != '\n');
            assert_eq!(bad, None, "{format:?}");
            assert!(text.len() < 30_000, "{format:?}");
        }
        let svg = written(&flame, Format::Svg);
        assert!(!svg.contains("</script>"), "{svg}");
    }
}

#[test]
fn writes_a_profile_of_speedscope_for_each_arm() {
    let text = written(&flame("answer", &["go", "bun"]), Format::Speedscope);
    let file: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        file["$schema"],
        "https://www.speedscope.app/file-format-schema.json"
    );
    let profiles = file["profiles"].as_array().expect("profiles");
    assert_eq!(profiles.len(), 2);
    let frames = file["shared"]["frames"].as_array().expect("frames").len();
    for profile in profiles {
        assert_eq!(
            (&profile["type"], &profile["unit"]),
            (&"sampled".into(), &"nanoseconds".into())
        );
        let samples = profile["samples"].as_array().expect("samples");
        let weights = profile["weights"].as_array().expect("weights");
        assert_eq!((samples.len(), weights.len()), (3, 3));
        let indexes = samples.iter().filter_map(Value::as_array).flatten();
        assert!(
            indexes
                .filter_map(Value::as_u64)
                .all(|index| index < frames as u64)
        );
        let sum: f64 = weights.iter().filter_map(Value::as_f64).sum();
        let span = profile["endValue"].as_f64().expect("a number")
            - profile["startValue"].as_f64().expect("a number");
        assert_eq!(sum, span);
    }
    assert_eq!(profiles[1]["name"], "bun: cpu_per_token");
    assert_eq!(
        file["shared"]["frames"][3],
        serde_json::json!({"name": "answer", "file": "server"})
    );
}

#[test]
fn writes_a_thread_of_the_firefox_profiler_for_each_arm() {
    let text = written(&flame("answer", &["go", "bun"]), Format::Firefox);
    let file: Value = serde_json::from_str(&text).expect("JSON");
    assert!(file["meta"]["preprocessedProfileVersion"].as_u64() >= Some(1));
    let threads = file["threads"].as_array().expect("threads");
    let names: Vec<_> = threads.iter().map(|thread| &thread["name"]).collect();
    assert_eq!(names, ["go", "bun"]);
    for thread in threads {
        let samples = &thread["samples"];
        assert_eq!(
            (&samples["length"], &samples["weightType"]),
            (&3.into(), &"tracing-ms".into())
        );
        let weights = samples["weight"].as_array().expect("weights");
        let sum: f64 = weights.iter().filter_map(Value::as_f64).sum();
        assert!((sum - 36.0e-6).abs() < 1e-12, "36 ns are {sum} ms");
        let stacks = samples["stack"].as_array().expect("stacks");
        let table = thread["stackTable"]["length"].as_u64().expect("a number");
        assert!(
            stacks
                .iter()
                .filter_map(Value::as_u64)
                .all(|stack| stack < table)
        );
        assert_eq!(stacks.len(), 3);
    }
}

#[test]
fn draws_all_arms_in_one_file() {
    let svg = written(&flame("answer", &["go", "bun"]), Format::Svg);
    assert!(svg.starts_with("<svg xmlns=") && svg.trim_end().ends_with("</svg>"));
    assert_eq!(svg.matches(">answer\n").count(), 2);
    assert!(!svg.contains("<script") && svg.contains("go: 36 ns per token"));
}
