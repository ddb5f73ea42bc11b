use super::*;

#[test]
fn chooses_the_unit_and_three_digits() {
    assert_eq!(quantity(41_234.0, Unit::Ns), "41.2 µs");
    assert_eq!(quantity(-1_500_000.0, Unit::Ns), "−1.50 ms");
    assert_eq!(quantity(812.0, Unit::Ns), "812 ns");
    assert_eq!(quantity(0.25, Unit::Ns), "0.250 ns");
    assert_eq!(quantity(19_188_940.0, Unit::Bytes), "18.3 MiB");
    assert_eq!(quantity(3.1211, Unit::Syscalls), "3.12 syscalls");
    assert_eq!(quantity(0.0, Unit::Ns), "0 ns");
    assert_eq!(quantity(99_960.0, Unit::Ns), "100 µs");
    assert_eq!(
        (duration(21_300_000), bytes(92_379_545)),
        ("21.3 ms".into(), "88.1 MiB".into())
    );
}

#[test]
fn formats_numbers_counts_shares_and_ratios() {
    assert_eq!(
        (number(1234.0), number(0.0312)),
        ("1,234".into(), "0.0312".into())
    );
    assert_eq!(count(1_234_567), "1,234,567");
    assert_eq!(
        (percent(0.4567), percent(-0.2)),
        ("46 %".into(), "−20 %".into())
    );
    assert_eq!(
        (ratio(2.134), ratio(1e9)),
        ("2.13×".into(), "over 1,000×".into())
    );
    assert_eq!(
        (percent_tenths(0.0244), percent_tenths(-0.0001)),
        ("2.4 %".into(), "0.0 %".into())
    );
    assert_eq!(
        [change(1.05), change(0.9), change(1.0)],
        ["+5.0 %", "−10.0 %", "0.0 %"]
    );
}

#[test]
fn formats_units_given_as_text() {
    assert_eq!(measured(2_000.0, "ns"), "2.00 µs");
    assert_eq!(measured(12.0, "count"), "12");
    assert_eq!(measured(3.0, "events"), "3 events");
}

#[test]
fn shares_unit_and_decimals_in_a_group() {
    let scale = Scale::of(Unit::Ns, [120_000.0, 900.0]);
    assert_eq!(
        (scale.show(120_000.0), scale.show(900.0)),
        ("120".into(), "1".into())
    );
    assert_eq!(scale.per("token"), "µs/token");
}

#[test]
fn shows_no_sign_of_zero() {
    let scale = Scale::of(Unit::Ns, [5_000.0]);
    assert_eq!(scale.signed(5_000.0), "+5.00");
    assert_eq!(scale.signed_full(-5_000.0), "−5.00 µs");
    assert_eq!(
        (scale.signed(-0.4), scale.signed(0.0)),
        ("0.00".into(), "0".into())
    );
}

#[test]
fn shows_no_number_where_there_is_none() {
    assert_eq!(quantity(f64::NAN, Unit::Ns), NONE);
    assert_eq!(
        (ratio(f64::INFINITY), percent(f64::NAN)),
        (NONE.into(), NONE.into())
    );
    assert_eq!(Scale::of(Unit::Ns, []).show(0.0), "0");
}

#[test]
fn keeps_axis_ticks_short() {
    assert_eq!(
        (tick(Unit::Ns, 20_500_000.0), tick(Unit::Ns, 100_000.0)),
        ("20.5 ms".into(), "100 µs".into())
    );
}
