//! Flame graphs: CPU time by role, kind and call stack, of each arm and of each pair.

use crate::arms::Arms;
use crate::chart::{BarFace, FlameChart, FlameFigure, FlamePaint, FlameTree, LegendEntry};
use crate::clean::clean;
use crate::document::{Block, Section};
use recording::comparison::{Flame, FlameFrame, FlameGraph, FlameLevel, FlamePair, FlamePairNode};
use recording::format::{Scale, percent_tenths, quantity};
use recording::vocabulary::{CodePlace, RegionClass, Unit};

const LEGEND: [(FlamePaint, &str); 8] = [
    (FlamePaint::Role, "thread role"),
    (FlamePaint::Row, "ledger row"),
    (FlamePaint::User, "executable"),
    (FlamePaint::Library, "shared library"),
    (FlamePaint::Jit, "JIT code"),
    (FlamePaint::Unnamed, "no symbol"),
    (FlamePaint::Kernel, "kernel"),
    (FlamePaint::Rest, "no sample, smaller frames"),
];

/// Returns a graph of each arm and of each pair, those of pairs without the first arm folded away;
/// nothing without call stacks.
pub fn section(flame: Option<&Flame>, arms: &Arms) -> Option<Section> {
    let flame = flame?;
    let first = arms.list.first().map(|arm| arm.key);
    let mut blocks: Vec<Block> = Vec::new();
    for graph in &flame.arms {
        let position = arms.position(&graph.arm) + 1;
        let figure = of_arm(flame, graph, format!("flame-{position}"));
        blocks.push(Block::Flame(figure));
    }
    for graph in &flame.packages {
        let position = arms.position(&graph.arm) + 1;
        let mut figure = of_arm(flame, graph, format!("flame-packages-{position}"));
        figure.title += ", by package";
        blocks.push(Block::Fold {
            title: figure.title.clone(),
            blocks: vec![Block::Flame(figure)],
        });
    }
    for pair in &flame.pairs {
        let position = |arm: &str| arms.position(arm) + 1;
        let id = format!("flame-{}-{}", position(&pair.a), position(&pair.b));
        let figure = of_pair(flame, pair, id);
        match Some(pair.a.as_str()) == first {
            true => blocks.push(Block::Flame(figure)),
            false => blocks.push(Block::Fold {
                title: figure.title.clone(),
                blocks: vec![Block::Flame(figure)],
            }),
        }
    }
    Some(Section {
        id: "flame",
        title: "Flame graphs",
        lead: lead(flame),
        blocks,
    })
}

/// Returns how to read the graphs.
fn lead(flame: &Flame) -> String {
    let per = flame.per.label();
    let folded = flame.arms.iter().map(|graph| graph.folded_below);
    let folded = percent_tenths(folded.fold(0.0, f64::max));
    format!(
        "A bar is as wide as its CPU time per {per}; below it stand its parts: thread role, kind of ledger row, then call \
         stacks from the outermost frame inward. The bars of a row add up to the ledger. Time that no stack shows is \
         \"no sample\". Frames below {folded} of the whole are added up as \"smaller frames\"."
    )
}

/// Returns the graph of one arm.
pub fn of_arm(flame: &Flame, graph: &FlameGraph, id: String) -> FlameFigure {
    let whole = graph.total();
    let per = flame.per.label();
    let face = |frame: usize, total: f64| BarFace {
        name: name(flame, frame),
        value: format!("{}, {}", amount(total, per), percent_tenths(total / whole)),
        paint: paint(flame.frames.get(frame)),
        only: false,
    };
    let tree = FlameTree::new(
        String::new(),
        &graph.nodes,
        whole,
        |node| level(flame, node.frame),
        |node, total| face(node.frame, total),
    );
    let arm = clean(&graph.arm);
    FlameFigure {
        id,
        title: format!("{arm}: {} of CPU time", amount(whole, per)),
        description: "Flame graph, roots on top; the ledger and the functions are in tables above"
            .into(),
        legend: LEGEND.map(entry).to_vec(),
        chart: FlameChart { trees: vec![tree] },
    }
}

/// Returns the graph of a pair: one tree, or two on one scale.
pub fn of_pair(flame: &Flame, pair: &FlamePair, id: String) -> FlameFigure {
    let (a, b) = (clean(&pair.a), clean(&pair.b));
    let of_tree =
        |nodes: &Vec<FlamePairNode>| nodes.iter().map(|node| node.own[0] + node.own[1]).sum();
    let wholes: Vec<f64> = pair.trees.iter().map(of_tree).collect();
    let widest = wholes.iter().copied().fold(0.0, f64::max);
    let per = flame.per.label();
    let trees = pair
        .trees
        .iter()
        .zip(&wholes)
        .zip([&a, &b])
        .map(|((nodes, whole), arm)| {
            let title = match pair.is_merged() {
                true => String::new(),
                false => format!("{arm}: {}", amount(*whole, per)),
            };
            FlameTree::new(
                title,
                nodes,
                widest,
                |node| level(flame, node.frame),
                |node, total| of_both(flame, node, (total, *whole), [&a, &b]),
            )
        });
    let layout = match pair.is_merged() {
        true => "one tree of both, a bar as wide as the two together",
        false => "two trees on one scale; a frame is compared wherever it occurs",
    };
    FlameFigure {
        id,
        title: format!("{b} against {a}: {layout}"),
        description: "Differential flame graph, roots on top".into(),
        legend: of_differences(pair),
        chart: FlameChart {
            trees: trees.collect(),
        },
    }
}

fn of_differences(pair: &FlamePair) -> Vec<LegendEntry> {
    let mut nodes = pair.trees.iter().flatten();
    let same = match nodes.any(|node| node.ci95.is_some()) {
        true => "the interval over rounds includes 0",
        false => "no interval over rounds: record several",
    };
    let colours = [
        (FlamePaint::Rise, "higher in the second arm"),
        (FlamePaint::Fall, "lower in the second arm"),
        (FlamePaint::Same, same),
    ];
    let dashed = LegendEntry {
        class: "fe only",
        text: "dashed: only in one arm",
    };
    colours.map(entry).into_iter().chain([dashed]).collect()
}

fn of_both(
    flame: &Flame,
    node: &FlamePairNode,
    (total, whole): (f64, f64),
    arms: [&String; 2],
) -> BarFace {
    let per = flame.per.label();
    let [a, b] = node.compared;
    let delta = b - a;
    let only = (a == 0.0) != (b == 0.0);
    let differs = node.differs();
    let mut value = match (a == 0.0, b == 0.0) {
        (true, true) => format!("{}, not compared", amount(total, per)),
        (true, false) => format!("only in {}: {}", arms[1], amount(b, per)),
        (false, true) => format!("only in {}: {}", arms[0], amount(a, per)),
        (false, false) => {
            let scale = Scale::of(Unit::Ns, [a, b, delta]);
            let [a, b] = [a, b].map(|value| scale.full(value));
            format!("{} per {per}: {a} against {b}", scale.signed_full(delta))
        }
    };
    if let Some([low, high]) = node.ci95 {
        let scale = Scale::of(Unit::Ns, [low, high]);
        value += &format!(
            ", 95 % {} to {}",
            scale.signed(low),
            scale.signed_full(high)
        );
    }
    value += &format!("; {} of this tree", percent_tenths(total / whole));
    BarFace {
        name: name(flame, node.frame),
        value,
        paint: match differs {
            true if delta > 0.0 => FlamePaint::Rise,
            true => FlamePaint::Fall,
            false => FlamePaint::Same,
        },
        only,
    }
}

fn entry((paint, text): (FlamePaint, &'static str)) -> LegendEntry {
    LegendEntry {
        class: paint.class(),
        text,
    }
}

/// Returns a time per unit.
pub fn amount(value: f64, per: &str) -> String {
    match per {
        "" => quantity(value, Unit::Ns),
        per => format!("{} per {per}", quantity(value, Unit::Ns)),
    }
}

fn level(flame: &Flame, frame: usize) -> Option<FlameLevel> {
    flame.frames.get(frame).map(|frame| frame.level)
}

/// Returns the words for the frame at an index, safe to show.
pub fn name(flame: &Flame, frame: usize) -> String {
    let Some(frame) = flame.frames.get(frame) else {
        return "(damaged file)".into();
    };
    match frame.package.as_str() {
        "" => clean(&frame.label),
        package => format!("{} [{}]", clean(&frame.label), clean(package)),
    }
}

fn paint(frame: Option<&FlameFrame>) -> FlamePaint {
    let Some(frame) = frame else {
        return FlamePaint::Rest;
    };
    match (frame.level, frame.place) {
        (FlameLevel::Role, _) => FlamePaint::Role,
        (FlameLevel::Kind | FlameLevel::Cause, _) => FlamePaint::Row,
        (FlameLevel::Package, _) => FlamePaint::User,
        (FlameLevel::NoSample | FlameLevel::Folded, _) => FlamePaint::Rest,
        (_, Some(CodePlace::Kernel | CodePlace::Syscall)) => FlamePaint::Kernel,
        (_, Some(CodePlace::Region(RegionClass::JitCode))) => FlamePaint::Jit,
        _ if frame.unnamed => FlamePaint::Unnamed,
        (_, Some(CodePlace::Region(RegionClass::Libraries))) => FlamePaint::Library,
        _ => FlamePaint::User,
    }
}
