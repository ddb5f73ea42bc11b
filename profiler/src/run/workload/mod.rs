//! What the arms serve: which request is sent, and what the model says to it (docs/workloads.md).

mod database;
mod image;
mod play;

pub use database::Database;
pub use play::Play;

use serde::{Serialize, Serializer};

/// What the arms serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Workload {
    /// A message in, tokens out as server-sent events.
    Chat,
    /// An agent: three tools one after another, then the answer.
    ToolsSequential,
    /// An agent: four tools at once, then the answer.
    ToolsParallel,
    /// An agent: ten turns with a tool each, then the answer.
    AgentLoop,
    /// A planner with four sub-agents that stream at the same time.
    SubAgents,
    /// A chat that loads and appends the messages of a thread.
    History,
    /// Threads created, written to, read, listed, renamed and deleted; no model.
    Threads,
    /// An image of 1 MiB in, a caption and an image of 1 MiB out.
    Multimodal,
}

impl Workload {
    /// Its name, as users write it and `target.toml` has it.
    pub fn name(self) -> &'static str {
        match self {
            Workload::Chat => "chat",
            Workload::ToolsSequential => "tools-sequential",
            Workload::ToolsParallel => "tools-parallel",
            Workload::AgentLoop => "agent-loop",
            Workload::SubAgents => "sub-agents",
            Workload::History => "history",
            Workload::Threads => "threads",
            Workload::Multimodal => "multimodal",
        }
    }

    /// The path that serves it.
    pub fn path(self) -> &'static str {
        match self {
            Workload::Chat => "/chat",
            Workload::ToolsSequential | Workload::ToolsParallel | Workload::AgentLoop => "/agent",
            Workload::SubAgents => "/sub-agents",
            Workload::History => "/history",
            Workload::Threads => "/threads",
            Workload::Multimodal => "/multimodal",
        }
    }

    /// Whether the server needs a database, which it is told of by `DATABASE`.
    pub fn needs_database(self) -> bool {
        matches!(self, Workload::History | Workload::Threads)
    }

    /// What users send, as steps for the load generator; `None` for one message that is always the same.
    fn steps(self) -> Option<&'static str> {
        match self {
            Workload::History => Some(include_str!("../../../workloads/history.toml")),
            Workload::Threads => Some(include_str!("../../../workloads/threads.toml")),
            _ => None,
        }
    }

    /// What the model says, as a script for the stub; `None` if it only says tokens.
    fn script(self) -> Option<&'static str> {
        match self {
            Workload::Chat | Workload::History | Workload::Threads => None,
            Workload::ToolsSequential => {
                Some(include_str!("../../../workloads/tools-sequential.toml"))
            }
            Workload::ToolsParallel => Some(include_str!("../../../workloads/tools-parallel.toml")),
            Workload::AgentLoop => Some(include_str!("../../../workloads/agent-loop.toml")),
            Workload::SubAgents => Some(include_str!("../../../workloads/sub-agents.toml")),
            Workload::Multimodal => Some(include_str!("../../../workloads/multimodal.toml")),
        }
    }
}

impl Serialize for Workload {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn names_are_those_of_the_command_line() {
        for workload in Workload::value_variants() {
            let value = workload.to_possible_value().unwrap();
            assert_eq!(value.get_name(), workload.name());
        }
    }

    #[test]
    fn every_workload_is_documented() {
        let text = include_str!("../../../../docs/workloads.md");
        for workload in Workload::value_variants() {
            let row = format!("| `{}` | `POST {}`", workload.name(), workload.path());
            assert!(text.contains(&row), "{row}");
        }
    }
}
