//! Workloads: the requests that arms serve, and the model's answers (docs/workloads.md).

mod database;
mod image;
mod play;

pub use database::Database;
pub use play::Play;

use crate::{load::Load, service::Spec};
use anyhow::bail;
use serde::{Serialize, Serializer};

/// A workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Workload {
    /// Stream the model's answer to one message.
    Chat,
    /// Run an agent that calls three tools one after another, then answers.
    ToolsSequential,
    /// Run an agent that calls four tools at once, then answers.
    ToolsParallel,
    /// Run an agent that calls a tool in each of ten turns, then answers.
    AgentLoop,
    /// Run a planner with four sub-agents that stream at the same time.
    SubAgents,
    /// Chat in threads that are loaded from and appended to a database.
    History,
    /// Create, write, read, list, rename and delete threads, without the model.
    Threads,
    /// Send an image of 1 MiB, and receive a caption and an image of 1 MiB.
    Multimodal,
    /// Stream one answer of the model to the fifty users of a room.
    Pubsub,
    /// Start the server and time it from exec to the first token of a chat.
    ColdStart,
}

/// Users per room in `pubsub`, as in its steps.
const ROOM: u32 = 50;

impl Workload {
    /// Returns its name on the command line and in `target.toml`.
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

    /// Returns the path that serves it.
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

    /// Returns the number of users that replaces the scenario's, if it needs one.
    pub fn users(self) -> Option<u32> {
        (self == Workload::Pubsub).then_some(ROOM)
    }

    /// Rejects a load under which users would wait for others who never come.
    ///
    /// # Errors
    /// Fails with a load that is possible.
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
                        "--users {users} would leave a room of pubsub incomplete: use a multiple of {ROOM}"
                    ),
                    _ => Ok(()),
                }
            }
            Load::Command(_) if self == Workload::ColdStart => {
                bail!("cold-start sends its own request: omit --load-command")
            }
            Load::Command(_) if self == Workload::Pubsub => {
                bail!("a load command cannot complete the rooms of pubsub: omit --load-command")
            }
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

    /// Returns the users' requests as steps for the load generator; `None` for one constant
    /// message.
    fn steps(self) -> Option<&'static str> {
        match self {
            Workload::History => Some(include_str!("../../workloads/history.toml")),
            Workload::Threads => Some(include_str!("../../workloads/threads.toml")),
            Workload::Pubsub => Some(include_str!("../../workloads/pubsub.toml")),
            _ => None,
        }
    }

    /// Returns the model's answers as a script for the stub; `None` for plain tokens.
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
    fn names_workloads_as_the_command_line_does() {
        for workload in Workload::value_variants() {
            let value = workload.to_possible_value().unwrap();
            assert_eq!(value.get_name(), workload.name());
        }
    }

    #[test]
    fn rejects_loads_that_leave_a_room_incomplete() {
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
    fn documents_every_workload() {
        let text = include_str!("../../../docs/workloads.md");
        for workload in Workload::value_variants() {
            let row = format!("| `{}` | `POST {}`", workload.name(), workload.path());
            assert!(text.contains(&row), "{row}");
        }
    }
}
