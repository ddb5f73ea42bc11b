use super::*;

fn terms(count: usize) -> Vec<Term> {
    let term = |at: usize| Term {
        cause: format!("call {at}"),
        delta: at as f64,
        ..Term::default()
    };
    (1..=count).map(term).collect()
}

#[test]
fn the_bars_add_up_whatever_is_drawn_together() {
    for count in [0, 1, 13, 14, 40] {
        let drawn: f64 = bars(&terms(count), -2.5).iter().map(|bar| bar.1).sum();
        let sum: f64 = terms(count).iter().map(|term| term.delta).sum();
        assert_eq!(drawn, sum - 2.5, "{count} terms");
    }
}

#[test]
fn the_unexplained_rest_is_always_a_bar_and_a_row() {
    let labels: Vec<_> = bars(&terms(2), 0.0).into_iter().map(|bar| bar.0).collect();
    assert_eq!(labels, ["call 2", "call 1", "unexplained"]);
    let (metric, pair) = (
        Metric::default(),
        Pair {
            terms: terms(2),
            ..Pair::default()
        },
    );
    let Block::Table(table) = Bridge::new(&metric, &pair).table(&pair.terms) else {
        panic!("a table")
    };
    assert!(table.rows.iter().any(|row| row.tone == Tone::Unexplained));
}
