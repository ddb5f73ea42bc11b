//! The common behaviour of all targets, case by case.

mod agents;
mod answers;
mod failures;
mod history;
mod images;
mod leaving;
mod played;
mod pubsub;
mod refusals;
mod sub_agents;
mod threads;

use crate::session::Session;
use std::{future::Future, pin::Pin};

/// One case. It panics if the target behaves differently.
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// The workload that it tests.
    pub workload: &'static str,
    /// The test.
    pub run: fn(Session) -> Pin<Box<dyn Future<Output = ()>>>,
}

macro_rules! cases {
    ($($workload:literal: $($module:ident :: $name:ident),* ;)*) => {
        &[$($(Case {
            name: stringify!($name),
            workload: $workload,
            run: |session| Box::pin($module::$name(session)),
        }),*),*]
    };
}

/// All cases, each with its workload. Variants of the same runtime run only the first.
pub const ALL: &[Case] = cases![
    "chat":
        answers::tokens_in_order,
        answers::asks_the_model_as_openai_wants,
        answers::each_token_when_it_arrives,
        answers::lines_split_anywhere,
        answers::events_in_one_piece,
        answers::events_written_otherwise,
        answers::connections_are_used_again,
        answers::a_body_that_ends_late,
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
        leaving::while_the_model_talks;
    "tools-sequential": played::tools_sequential;
    "agent-loop": played::agent_loop;
    "tools-parallel":
        played::tools_parallel,
        agents::results_go_to_the_model_in_order,
        agents::a_tool_that_is_not_there,
        agents::arguments_that_do_not_fit,
        agents::a_loop_without_end,
        agents::refuses_what_chat_refuses,
        agents::model_fails_at_first,
        agents::model_fails_after_tools,
        agents::client_leaves_after_tools;
    "sub-agents":
        played::sub_agents,
        sub_agents::stream_at_the_same_time,
        sub_agents::one_that_fails_ends_all,
        sub_agents::client_leaves;
    "multimodal":
        played::multimodal,
        images::in_parts,
        images::what_is_no_image_is_refused,
        images::a_drawing_that_is_no_image;
    "history":
        history::the_model_is_told_what_was_said,
        history::only_the_latest,
        history::threads_are_apart,
        history::a_failed_answer_leaves_nothing,
        history::bad_requests;
    "threads":
        threads::live_and_die,
        threads::are_listed_in_pages,
        threads::that_are_not_there,
        threads::bad_requests,
        threads::survive_a_restart;
    "pubsub":
        pubsub::all_hear_one_answer,
        pubsub::each_token_when_it_arrives,
        pubsub::rooms_are_apart,
        pubsub::one_who_leaves_disturbs_nobody,
        pubsub::who_left_before_is_not_counted,
        pubsub::all_leave,
        pubsub::all_are_told_of_a_failure,
        pubsub::bad_requests;
    // Members are connected to two processes.
    "pubsub-redis":
        pubsub::all_hear_one_answer,
        pubsub::each_token_when_it_arrives,
        pubsub::one_who_leaves_disturbs_nobody,
        pubsub::who_left_before_is_not_counted,
        pubsub::all_leave,
        pubsub::all_are_told_of_a_failure;
];
