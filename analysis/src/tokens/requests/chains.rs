//! Chains of wake-ups: who ended the sleep of a thread that serves a request, who had woken that
//! thread meanwhile, and so on.

use crate::tokens::lane::Lane;
use crate::tokens::path::role;
use crate::tokens::states::Tracks;
use crate::tokens::track::{Source, Wake};
use recording::requests::WakeChain;
use recording::vocabulary::Role;
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
    served: impl Iterator<Item = (u32, &'t Lane, &'t [(u64, u64)])>,
    tracks: &Tracks,
    roles: &BTreeMap<u32, Role>,
) -> Vec<WakeChain> {
    let sleeps = served.flat_map(|(tid, lane, times)| {
        let sleeps = times.iter().flat_map(|time| lane.sleeps(*time));
        sleeps.map(move |(syscall, (from, to))| WakeChain {
            sleeper: role(roles, tid),
            syscall: syscall.to_owned(),
            links: links(tid, (from, to), tracks, roles),
            ns: to - from,
            count: 1,
        })
    });
    let mut chains = summed(sleeps);
    chains.truncate(CHAINS);
    chains
}

/// Adds up chains that have all but times in common. Longest first.
pub(super) fn summed(chains: impl Iterator<Item = WakeChain>) -> Vec<WakeChain> {
    let mut sums: BTreeMap<Key, (u64, u64)> = BTreeMap::new();
    for chain in chains {
        let key = (chain.sleeper, chain.syscall, chain.links);
        let sum = sums.entry(key).or_default();
        *sum = (sum.0 + chain.ns, sum.1 + chain.count);
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
