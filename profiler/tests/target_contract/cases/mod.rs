//! What every target does, case by case.

mod answers;
mod failures;
mod leaving;
mod refusals;

use crate::session::Session;
use std::{future::Future, pin::Pin};

/// One case, which panics if the target differs.
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// What it does to a target.
    pub run: fn(Session) -> Pin<Box<dyn Future<Output = ()>>>,
}

macro_rules! cases {
    ($($module:ident :: $name:ident),* $(,)?) => {
        &[$(Case { name: stringify!($name), run: |session| Box::pin($module::$name(session)) }),*]
    };
}

/// All cases; variants are only driven through the first.
pub const ALL: &[Case] = cases![
    answers::tokens_in_order,
    answers::asks_the_model_as_openai_wants,
    answers::each_token_when_it_arrives,
    answers::lines_split_anywhere,
    answers::events_in_one_piece,
    answers::events_written_otherwise,
    answers::connections_are_used_again,
    answers::fifty_streams_at_once,
    refusals::bad_json,
    refusals::no_message,
    refusals::other_paths_and_methods,
    failures::model_not_there,
    failures::model_refuses,
    failures::model_breaks_off,
    failures::model_ends_early,
    failures::model_talks_nonsense,
    leaving::while_the_model_thinks,
    leaving::while_the_model_pauses,
    leaving::while_the_model_talks,
];
