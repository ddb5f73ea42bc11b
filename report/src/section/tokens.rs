//! Tokens: the path of a usual and of a slow one through threads, the slowest, and how slow ones
//! differ from others.

use crate::arms::Arms;
use crate::chart::{Bar, BarFace, FlameChart, FlameFigure, FlamePaint, FlameTree, LegendEntry};
use crate::clean::clean;
use crate::document::{Block, Section, Table};
use recording::format::{duration, percent_tenths, quantity};
use recording::tokens::{Lane, PathPart, Span, Token, Tokens};
use recording::vocabulary::{PathKind, Unit};

const LEGEND: [(PathKind, &str); 6] = [
    (PathKind::OtherWork, "other work first"),
    (PathKind::User, "user code and faults"),
    (PathKind::Syscall, "system call"),
    (PathKind::Gc, "garbage collection"),
    (PathKind::RunQueue, "waits for a CPU"),
    (PathKind::Asleep, "asleep"),
];

/// Parts of a mean path that are listed.
const PARTS: usize = 6;

const LEAD: &str = "A token's way through the server, from its arrival in the socket to its send. \
Each lane is a thread that had the token; its bars are the thread's states meanwhile. All arms of a \
drawing have one scale. Dashed: the thread does not have the token at that time.";

/// Returns drawings of all arms side by side, and tables of each; nothing where no single tokens
/// were recorded.
pub fn section(arms: &Arms) -> Option<Section> {
    let recorded = arms.list.iter().filter_map(|arm| {
        let tokens = arm.compared.and_then(|arm| arm.tokens.as_ref())?;
        Some((arm.name.as_str(), tokens))
    });
    let recorded: Vec<(&str, &Tokens)> = recorded.collect();
    let median = figure("median", &recorded, |tokens| tokens.median.as_ref())?;
    let p99 = figure("99th percentile", &recorded, |tokens| tokens.p99.as_ref());
    let mut blocks = vec![Block::Flame(median)];
    blocks.extend(p99.map(Block::Flame));
    for (name, tokens) in &recorded {
        blocks.push(compared(name, tokens));
        blocks.extend(slowest(name, tokens));
    }
    Some(Section {
        id: "tokens",
        title: "The path of a token",
        lead: LEAD.into(),
        blocks,
    })
}

/// Draws one token of each arm, all with one scale.
fn figure<'t>(
    percentile: &str,
    recorded: &[(&str, &'t Tokens)],
    token: fn(&'t Tokens) -> Option<&'t Token>,
) -> Option<FlameFigure> {
    let drawn = recorded.iter();
    let drawn = drawn.filter_map(|(name, tokens)| Some((*name, token(tokens)?)));
    let drawn: Vec<(&str, &Token)> = drawn.collect();
    let longest = drawn.iter().map(|(_, token)| token.latency_ns).max()?;
    let trees = drawn.iter().map(|(name, token)| FlameTree {
        title: format!("{name}: {}", clean(&token.text)),
        bars: bars(token, longest),
    });
    let entry = |(kind, text)| LegendEntry {
        class: paint(kind).class(),
        text,
    };
    Some(FlameFigure {
        id: format!("token-{}", percentile.replace(' ', "-")),
        title: format!("A token at the {percentile} of each arm"),
        description: "Lanes of threads over time; the tables below have the mean times".into(),
        legend: LEGEND.map(entry).to_vec(),
        chart: FlameChart {
            trees: trees.collect(),
        },
    })
}

fn bars(token: &Token, longest: u64) -> Vec<Bar> {
    let lanes = token.lanes.iter().enumerate();
    let of_lane = |(depth, lane): (usize, &Lane)| {
        let spans = lane.spans.iter();
        let bar = |span: &Span| bar(token, lane, span, (depth, longest));
        spans.map(bar).collect::<Vec<_>>()
    };
    lanes.flat_map(of_lane).collect()
}

fn bar(token: &Token, lane: &Lane, span: &Span, (depth, longest): (usize, u64)) -> Bar {
    let share = |ns: u64| ns as f64 / longest.max(1) as f64;
    let length = span.to_ns.saturating_sub(span.from_ns);
    let has_it = span.from_ns < lane.had[1] && span.to_ns > lane.had[0];
    let kind = match span.kind {
        PathKind::User if span.to_ns <= token.received_ns => PathKind::OtherWork,
        kind => kind,
    };
    let state = match span.syscall.as_str() {
        "" => kind.label().to_owned(),
        syscall => format!("{} ({})", kind.label(), clean(syscall)),
    };
    let inside = |time: &&u64| (span.from_ns..span.to_ns).contains(*time);
    let faults = match lane.faults.iter().filter(inside).count() {
        0 => String::new(),
        1 => ", 1 page fault".into(),
        faults => format!(", {faults} page faults"),
    };
    Bar {
        left: share(span.from_ns),
        width: share(length),
        depth,
        face: BarFace {
            name: format!("{}: {state}", clean(lane.role.label())),
            value: format!(
                "{} from {} to {} after the arrival{faults}",
                duration(length),
                duration(span.from_ns),
                duration(span.to_ns)
            ),
            paint: paint(kind),
            only: !has_it,
        },
    }
}

fn paint(kind: PathKind) -> FlamePaint {
    match kind {
        PathKind::OtherWork => FlamePaint::Library,
        PathKind::User => FlamePaint::User,
        PathKind::Syscall => FlamePaint::Kernel,
        PathKind::Gc => FlamePaint::Rise,
        PathKind::RunQueue | PathKind::Preempted | PathKind::Throttled | PathKind::Stolen => {
            FlamePaint::Fall
        }
        PathKind::Asleep => FlamePaint::Rest,
    }
}

/// Compares the mean parts of slow tokens with those of usual ones.
fn compared(name: &str, tokens: &Tokens) -> Block {
    let usual = |part: &PathPart| {
        let same = |other: &&PathPart| {
            (other.kind, &other.role, &other.syscall) == (part.kind, &part.role, &part.syscall)
        };
        tokens.usual.iter().find(same).map_or(0.0, |part| part.ns)
    };
    let whole: f64 = tokens.tail.iter().map(|part| part.ns).sum();
    let mut parts: Vec<&PathPart> = tokens.tail.iter().collect();
    parts.sort_by(|a, b| (b.ns - usual(b)).total_cmp(&(a.ns - usual(a))));
    parts.truncate(PARTS);
    let shown = |ns: f64| quantity(ns, Unit::Ns);
    let mut table = Table::new(format!(
        "{name}: where the slowest hundredth of tokens differs"
    ))
    .words("State of the thread that has the token")
    .number("at the median")
    .number("slow")
    .number("share");
    for part in parts {
        let cells = [
            shown(usual(part)),
            shown(part.ns),
            percent_tenths(part.ns / whole),
        ];
        table.named(clean(&part.state()), cells);
    }
    table.block()
}

/// Lists the slowest tokens.
fn slowest(name: &str, tokens: &Tokens) -> Option<Block> {
    if tokens.slowest.is_empty() {
        return None;
    }
    let mut table = Table::new(format!("{name}: the slowest of {} tokens", tokens.count))
        .words("Token")
        .number("arrived at");
    for token in &tokens.slowest {
        table.named(clean(&token.text), [duration(token.arrival_ns)]);
    }
    Some(table.block())
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::Comparison;
    use recording::comparison::Arm;
    use recording::vocabulary::Role;

    fn document(tokens: Option<Tokens>) -> (String, String) {
        let comparison = Comparison {
            arms: vec![Arm {
                arm: "go".into(),
                tokens,
                ..Arm::default()
            }],
            ..Comparison::default()
        };
        let input = crate::Input {
            comparison: &comparison,
            recordings: &[],
        };
        let (mut text, mut page) = (Vec::new(), Vec::new());
        crate::text(&input, false, &mut text).expect("text");
        crate::html(&input, &mut page).expect("a page");
        let utf8 = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (utf8(text), utf8(page))
    }

    fn token() -> Token {
        let span = |from_ns, to_ns, kind| Span {
            from_ns,
            to_ns,
            kind,
            syscall: String::new(),
        };
        Token {
            latency_ns: 2_000,
            received_ns: 500,
            text: "2.00 µs: asleep\u{1b}[2J".into(),
            lanes: vec![Lane {
                role: Role::MainLoop,
                had: [0, 2_000],
                spans: vec![
                    span(0, 500, PathKind::User),
                    span(500, 2_000, PathKind::RunQueue),
                ],
                faults: vec![100],
                ..Lane::default()
            }],
            ..Token::default()
        }
    }

    #[test]
    fn draws_a_lane_for_each_thread() {
        let tokens = Tokens {
            count: 1,
            median: Some(token()),
            slowest: vec![token()],
            ..Tokens::default()
        };
        let (text, page) = document(Some(tokens));
        assert!(text.contains("2.00 µs: asleep\u{fffd}[2J"), "{text}");
        assert!(page.contains("main loop: other work first"), "{page}");
        assert!(page.contains("500 ns from 0 ns to 500 ns after the arrival, 1 page fault"));
        assert!(page.contains("main loop: run queue"));
    }

    #[test]
    fn shows_nothing_where_no_tokens_were_recorded() {
        assert!(!document(None).0.contains("token"));
    }
}
