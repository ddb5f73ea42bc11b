//! Conditions of replies.

use super::Conversation;
use crate::api::message::Role;
use serde::Deserialize;

/// What must be so for a reply to be given; what is not mentioned does not matter.
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
    /// Whether the conversation is such.
    pub fn holds(&self, of: &Conversation) -> bool {
        let fresh = |tool: &String| of.fresh.iter().any(|(name, _)| name == tool);
        is(self.last, of.last)
            && is(self.turn, of.turn)
            && self.model.as_ref().is_none_or(|model| *model == of.model)
            && says(&self.user_says, &of.user)
            && says(&self.system_says, &of.system)
            && self.results_of.iter().all(fresh)
            && (self.result_says.is_none()
                || of
                    .fresh
                    .iter()
                    .any(|(_, text)| says(&self.result_says, text)))
            && self.images.is_none_or(|least| of.images.len() >= least)
            && self.offers.iter().all(|tool| of.offers.contains(tool))
    }
}

fn is<T: PartialEq>(wanted: Option<T>, found: T) -> bool {
    wanted.is_none_or(|wanted| wanted == found)
}

/// Whether `text` contains what is wanted, whatever the case of letters.
fn says(wanted: &Option<String>, text: &str) -> bool {
    let contains = |wanted: &String| text.to_lowercase().contains(&wanted.to_lowercase());
    wanted.as_ref().is_none_or(contains)
}
