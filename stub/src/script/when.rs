//! Conditions of a script's replies.

use super::Conversation;
use crate::api::message::Role;
use serde::Deserialize;

/// The condition of a reply. A missing key always matches.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    last: Option<Role>,
    turn: Option<usize>,
    model: Option<String>,
    user_says: Option<String>,
    system_says: Option<String>,
    #[serde(default)]
    results_of: Vec<String>,
    result_says: Option<String>,
    images: Option<usize>,
    #[serde(default)]
    offers: Vec<String>,
}

impl When {
    /// Returns whether the condition matches a conversation.
    pub fn matches(&self, of: &Conversation) -> bool {
        let has_new_result = |tool: &String| of.new_results.iter().any(|(name, _)| name == tool);
        is(self.last, of.last)
            && is(self.turn, of.turn)
            && self.model.as_ref().is_none_or(|model| *model == of.model)
            && contains(&self.user_says, &of.user)
            && contains(&self.system_says, &of.system)
            && self.results_of.iter().all(has_new_result)
            && (self.result_says.is_none()
                || of
                    .new_results
                    .iter()
                    .any(|(_, text)| contains(&self.result_says, text)))
            && self.images.is_none_or(|least| of.images.len() >= least)
            && self.offers.iter().all(|tool| of.offers.contains(tool))
    }
}

fn is<T: PartialEq>(wanted: Option<T>, found: T) -> bool {
    wanted.is_none_or(|wanted| wanted == found)
}

/// Returns whether `text` contains `wanted`, ignoring case.
fn contains(wanted: &Option<String>, text: &str) -> bool {
    let contains = |wanted: &String| text.to_lowercase().contains(&wanted.to_lowercase());
    wanted.as_ref().is_none_or(contains)
}
