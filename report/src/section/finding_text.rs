//! Findings as items of a list.

use super::names::heading;
use super::waterfall::slug;
use crate::clean::{clean_sentence, places};
use crate::document::FindingItem;
use crate::verdict::advice_of;
use recording::comparison::Finding;

/// Returns the finding with its title, numbers, meaning and advice apart.
pub fn item(finding: &Finding) -> FindingItem {
    let text = clean_sentence(&finding.text);
    FindingItem {
        text: match finding.title.is_empty() {
            true => heading(&text),
            false => text,
        },
        title: heading(&clean_sentence(&finding.title)),
        meaning: clean_sentence(&finding.meaning),
        advice: advice_of(finding),
        evidence: places(&finding.evidence),
        ..FindingItem::default()
    }
}

/// Returns the finding as a cause: with an anchor, and its share of the difference.
pub fn cause(finding: &Finding) -> FindingItem {
    let arms = finding.pair.iter().flatten();
    let arms = arms.map(|arm| format!("-{arm}")).collect::<String>();
    let name = format!("{}-{}{arms}", finding.id, finding.metric.name());
    let known = finding.share.is_finite() && finding.share > 0.0;
    FindingItem {
        id: slug(&name),
        share: known.then_some(finding.share),
        ..item(finding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::comparison::Prediction;
    use recording::vocabulary::MetricId;

    #[test]
    fn keeps_the_parts_of_a_finding_apart() {
        let finding = Finding {
            id: "allocation-churn".into(),
            metric: MetricId::CpuNsPerToken,
            pair: None,
            title: "allocation churn\u{1b}".into(),
            text: "3 µs of 4 µs.".into(),
            meaning: String::new(),
            advice: "Reuse buffers.".into(),
            share: 0.75,
            consequence: false,
            predicted: Some(Prediction {
                delta: -3_000.0,
                ci95: [-3_500.0, -2_500.0],
            }),
            evidence: Vec::new(),
            stacks: Vec::new(),
        };
        let shown = item(&finding);
        assert_eq!(shown.title, "Allocation churn\u{fffd}");
        assert_eq!(shown.text, "3 µs of 4 µs.");
        assert_eq!(
            shown.advice.split_once(": ").expect("a lead").1,
            "Reuse buffers (predicted: −3.00 µs per token)"
        );
    }
}
