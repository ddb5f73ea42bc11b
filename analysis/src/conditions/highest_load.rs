//! The load that an arm sustained, where a run searched for it, and the resource nearest to its
//! limit there.

use super::Sign;
use crate::thresholds::Thresholds;
use recording::evidence::Part;
use recording::format::percent;
use recording::{Evidence, Recording, load::MaxSustained};

/// Returns the sign of the condition in one round.
pub(super) fn check(path: &str, round: &Recording, _limits: &Thresholds) -> Option<Sign> {
    let held = round.load.as_ref()?.max_sustained.as_ref()?;
    Some(Sign {
        // The worst round is the one that sustained least.
        size: -held.load,
        text: format!("{}; at that load, {}", sustained(held), limit(round)),
        evidence: Evidence::part(path, Part::Load),
    })
}

fn sustained(held: &MaxSustained) -> String {
    let (load, unit) = (held.load, &held.unit);
    let crossed = match held.crossed_at {
        Some(at) => format!("failed at {at:.0}"),
        None => "was not offered more".into(),
    };
    let client = match held.client_saturated {
        true => " (the load generator was the bottleneck, so the server may sustain more)",
        false => "",
    };
    format!("it sustained {load:.0} {unit} and {crossed}{client}")
}

/// Returns the resource nearest to its limit: one thread, CPUs for all of them, or the stub.
fn limit(round: &Recording) -> String {
    let share = |ns: u64| ns as f64 / round.window.duration_ns.max(1) as f64;
    let process = &round.process;
    let wanted = process.on_cpu_ns + process.run_queue_ns;
    let waited = process.run_queue_ns as f64 / wanted.max(1) as f64;
    let busiest = round.threads.iter().max_by_key(|thread| thread.on_cpu_ns);
    let (role, ran) = busiest.map_or(("none", 0.0), |thread| {
        (thread.role.label(), share(thread.on_cpu_ns))
    });
    let model = share(round.model_cpu_ns.unwrap_or(0));
    let (busy, most, waited) = (percent(model), percent(ran), percent(waited));
    match model > ran {
        true => format!(
            "the stub was nearest to its limit, on a CPU {busy} of the time ({most} for the busiest thread, {role})"
        ),
        false => format!(
            "its busiest thread ({role}) was on a CPU {most} of the time, and its threads were {waited} of their \
             runnable time in the run queue"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::testing::Build;

    fn sign(held: Option<MaxSustained>, model_cpu_ns: u64) -> Option<Sign> {
        let build = Build::arm("x").load(100, 10);
        let build = build.thread(1, "main loop", |thread| thread.user(900_000_000, 1));
        let round = build.with(|round| {
            round.process.run_queue_ns = 100_000_000;
            round.model_cpu_ns = Some(model_cpu_ns);
            round.load.as_mut().expect("load").max_sustained = held;
        });
        check("r", &round.done(), &Thresholds::default())
    }

    fn held(crossed_at: Option<f64>, client_saturated: bool) -> Option<MaxSustained> {
        Some(MaxSustained {
            load: 420.0,
            unit: "users".into(),
            crossed_at,
            client_saturated,
        })
    }

    #[test]
    fn reports_the_load_and_the_busiest_thread() {
        let sign = sign(held(Some(450.0), false), 300_000_000).expect("a sign");
        assert_eq!(
            sign.text,
            "it sustained 420 users and failed at 450; at that load, its busiest thread (main loop) was on a CPU 90 % \
             of the time, and its threads were 10 % of their runnable time in the run queue"
        );
        assert_eq!(sign.size, -420.0);
    }

    #[test]
    fn reports_limits_outside_of_the_server() {
        let text = sign(held(None, true), 950_000_000).expect("a sign").text;
        assert!(
            text.contains("was not offered more (the load generator"),
            "{text}"
        );
        assert!(
            text.contains("the stub was nearest to its limit, on a CPU 95 %"),
            "{text}"
        );
    }

    #[test]
    fn reports_nothing_without_a_search() {
        assert!(sign(None, 0).is_none());
    }
}
