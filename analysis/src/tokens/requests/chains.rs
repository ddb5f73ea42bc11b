//! Chains of wake-ups: who ended the sleep of a thread that serves a request, who had woken that
//! thread meanwhile, and so on.

use crate::tokens::path::role;
use crate::tokens::states::Tracks;
use crate::tokens::track::{Source, Wake};
use recording::requests::WakeChain;
use recording::vocabulary::{PathKind, Role};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Wake-ups that a chain is followed back.
const LINKS: usize = 5;
/// Chains that are kept.
const CHAINS: usize = 40;

/// Role and system call of the sleeper, and the roles of those who ended the sleep, the last one
/// first.
type Key = (Role, String, Vec<Role>);

/// Adds up the sleep of threads in the times in which they serve requests, by chain. Longest first.
pub(super) fn of<'t>(
    served: impl Iterator<Item = (u32, &'t [(u64, u64)])>,
    tracks: &Tracks,
    roles: &BTreeMap<u32, Role>,
) -> Vec<WakeChain> {
    let mut sums: BTreeMap<Key, (u64, u64)> = BTreeMap::new();
    for (tid, times) in served {
        for time in times {
            for span in tracks.spans(tid, *time) {
                if span.kind != PathKind::Asleep {
                    continue;
                }
                let (from, to) = (time.0 + span.from_ns, time.0 + span.to_ns);
                let links = links(tid, (from, to), tracks, roles);
                let sum = sums
                    .entry((role(roles, tid), span.syscall, links))
                    .or_default();
                *sum = (sum.0 + (to - from), sum.1 + 1);
            }
        }
    }
    let chain = |((sleeper, syscall, links), (ns, count))| WakeChain {
        sleeper,
        syscall,
        links,
        ns,
        count,
    };
    let mut chains: Vec<WakeChain> = sums.into_iter().map(chain).collect();
    chains.sort_by_key(|chain| Reverse(chain.ns));
    chains.truncate(CHAINS);
    chains
}

/// Follows back who ended a sleep. A thread that was not woken since the sleep began had work all
/// the time, and is the last link.
fn links(
    sleeper: u32,
    (from, to): (u64, u64),
    tracks: &Tracks,
    roles: &BTreeMap<u32, Role>,
) -> Vec<Role> {
    let mut links = Vec::new();
    let mut next: Option<Wake> = tracks.wake_at(sleeper, to);
    while let Some(wake) = next
        && links.len() < LINKS
    {
        next = match wake.source {
            Source::Thread(waker) => {
                links.push(role(roles, waker));
                tracks.wake_between(waker, (from, wake.time_ns))
            }
            Source::Interrupt => {
                links.push(Role::Interrupt);
                None
            }
            Source::OtherProcess => {
                links.push(Role::OtherProcess);
                None
            }
        };
    }
    links
}
