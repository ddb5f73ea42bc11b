//! What the arms serve: which request is sent, and what the model says to it (docs/workloads.md).

mod database;
mod image;
mod play;

pub use database::Database;
pub use play::Play;

use crate::{load::Load, service::Spec};
use anyhow::bail;
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
    /// One answer of the model, heard by the fifty users of a room.
    Pubsub,
    /// A chat, asked as soon as the server listens: from exec to the first token.
    ColdStart,
}

/// Users who share a room in `pubsub`, as its steps and the load generator have it.
const ROOM: u32 = 50;

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
            Workload::Pubsub => "pubsub",
            Workload::ColdStart => "cold-start",
        }
    }

    /// The path that serves it.
    pub fn path(self) -> &'static str {
        match self {
            Workload::Chat | Workload::ColdStart => "/chat",
            Workload::ToolsSequential | Workload::ToolsParallel | Workload::AgentLoop => "/agent",
            Workload::SubAgents => "/sub-agents",
            Workload::History => "/history",
            Workload::Threads => "/threads",
            Workload::Multimodal => "/multimodal",
            Workload::Pubsub => "/pubsub",
        }
    }

    /// Users at once, where the scenario's number will not do.
    pub fn users(self) -> Option<u32> {
        (self == Workload::Pubsub).then_some(ROOM)
    }

    /// Refuses a load under which users would wait for others who never come.
    ///
    /// # Errors
    /// With what would do.
    pub fn check(self, load: &Load) -> anyhow::Result<()> {
        match load {
            Load::Loadgen { scenario, users } if self == Workload::Pubsub => {
                let steady = ["baseline", "quick", "soak"];
                if !steady.contains(scenario) {
                    bail!(
                        "{scenario} changes the number of users, and in pubsub a room waits until its {ROOM} are there; \
                         --scenario takes {}",
                        steady.join(", ")
                    );
                }
                match users {
                    Some(users) if !users.is_multiple_of(ROOM) => bail!(
                        "--users {users} would leave a room of pubsub waiting for ever; give a multiple of {ROOM}"
                    ),
                    _ => Ok(()),
                }
            }
            Load::Command(_) if self == Workload::ColdStart => {
                bail!("cold-start asks one question itself; leave --load-command out")
            }
            Load::Command(_) if self == Workload::Pubsub => bail!(
                "a load command does not know when a room of pubsub is complete; leave --load-command out"
            ),
            _ => Ok(()),
        }
    }

    /// Whether the server needs a database, which the variable `DATABASE` names.
    pub fn needs_database(self) -> bool {
        matches!(self, Workload::History | Workload::Threads)
    }

    /// Returns the service that an arm uses, by its name in `target.toml`: the given one, or the
    /// means that need none. Workloads without database and rooms use only a given one.
    pub fn backend(self, service: Option<&Spec>) -> Option<&str> {
        let own = match self {
            _ if self.needs_database() => Some(database::SQLITE),
            Workload::Pubsub => Some("memory"),
            _ => None,
        };
        service.map(|service| service.name.as_str()).or(own)
    }

    /// What users send, as steps for the load generator; `None` for one message that is always the same.
    fn steps(self) -> Option<&'static str> {
        match self {
            Workload::History => Some(include_str!("../../workloads/history.toml")),
            Workload::Threads => Some(include_str!("../../workloads/threads.toml")),
            Workload::Pubsub => Some(include_str!("../../workloads/pubsub.toml")),
            _ => None,
        }
    }

    /// What the model says, as a script for the stub; `None` if it only says tokens.
    fn script(self) -> Option<&'static str> {
        match self {
            Workload::Chat
            | Workload::History
            | Workload::Threads
            | Workload::Pubsub
            | Workload::ColdStart => None,
            Workload::ToolsSequential => {
                Some(include_str!("../../workloads/tools-sequential.toml"))
            }
            Workload::ToolsParallel => Some(include_str!("../../workloads/tools-parallel.toml")),
            Workload::AgentLoop => Some(include_str!("../../workloads/agent-loop.toml")),
            Workload::SubAgents => Some(include_str!("../../workloads/sub-agents.toml")),
            Workload::Multimodal => Some(include_str!("../../workloads/multimodal.toml")),
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
    fn uses_sqlite_and_memory_unless_a_service_is_given() {
        let redis: Spec = "redis=run".parse().unwrap();
        assert_eq!(Workload::Threads.backend(None), Some("sqlite"));
        assert_eq!(Workload::Pubsub.backend(None), Some("memory"));
        assert_eq!(Workload::Pubsub.backend(Some(&redis)), Some("redis"));
        assert_eq!(Workload::Chat.backend(None), None);
        assert_eq!(Workload::Chat.backend(Some(&redis)), Some("redis"));
    }

    #[test]
    fn names_are_those_of_the_command_line() {
        for workload in Workload::value_variants() {
            let value = workload.to_possible_value().unwrap();
            assert_eq!(value.get_name(), workload.name());
        }
    }

    #[test]
    fn a_room_that_would_never_be_complete_is_refused() {
        let refusal = |scenario, users| {
            let load = Load::Loadgen { scenario, users };
            Workload::Pubsub
                .check(&load)
                .err()
                .map(|error| error.to_string())
        };
        assert_eq!(refusal("quick", Some(100)), None);
        assert!(
            refusal("quick", Some(70))
                .unwrap()
                .contains("a multiple of 50")
        );
        assert!(
            refusal("stress", Some(50))
                .unwrap()
                .contains("--scenario takes baseline")
        );
        let own = Load::Command("hey {url}".into());
        assert!(Workload::Pubsub.check(&own).is_err() && Workload::Chat.check(&own).is_ok());
        assert!(Workload::ColdStart.check(&own).is_err());
        assert_eq!(Workload::Pubsub.users(), Some(ROOM));
    }

    #[test]
    fn every_workload_is_documented() {
        let text = include_str!("../../../docs/workloads.md");
        for workload in Workload::value_variants() {
            let row = format!("| `{}` | `POST {}`", workload.name(), workload.path());
            assert!(text.contains(&row), "{row}");
        }
    }
}
