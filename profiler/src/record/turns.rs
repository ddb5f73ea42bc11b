//! What observing costs a process, found out within that process: its modes in turns of a second.
//!
//! One process of a server costs several per cent more or less than another, and a host is slower in one minute than in the next.
//! Turns that follow each other share both. What a load costs also changes from second to second (its streams fall into step and out of it),
//! in each run of it in the same way; so the modes change places from one round to the next. Programs are loaded once; in a turn that does without them they are off their hooks,
//! which takes some milliseconds before it begins.

use super::accounts::Accounts;
use super::kernel_truth;
use super::lifetimes::Lifetimes;
use super::programs::{ProbeConfig, Programs};
use super::session::{Session, clock_ns};
use super::target::Process;
use super::{GLANCES_A_POINT, Options};
use anyhow::Result;
use nix::time::ClockId;
use recording::observer::{Mode, Turn};
use recording::{Ended, Recording};

/// A Latin square (Williams 1949): each mode is in each place once, and follows each other mode once.
const ORDERS: [[Mode; 4]; 4] = {
    use Mode::{All, Counters, Hooks, None};
    [
        [None, Hooks, All, Counters],
        [Hooks, Counters, None, All],
        [Counters, All, Hooks, None],
        [All, None, Counters, Hooks],
    ]
};

/// A recording in turns under way.
pub struct Turns {
    accounts: Accounts,
    session: Session,
    lifetimes: Lifetimes,
    /// All that a session has, following nobody.
    hooks: Programs,
    pids: Vec<u32>,
    mode: Mode,
    began: Option<Reading>,
    taken: Vec<Turn>,
    round: u32,
}

/// The clocks at one instant, ns.
#[derive(Clone, Copy)]
struct Reading {
    at_ns: u64,
    cpu_ns: u64,
}

impl Turns {
    /// Loads all programs, leaves them off their hooks, and opens the window.
    ///
    /// # Errors
    /// The kernel refuses a program.
    pub fn begin(processes: Vec<Process>, options: &Options) -> Result<Self> {
        let pids: Vec<u32> = processes.iter().map(|process| process.pid).collect();
        let mut lifetimes = Lifetimes::attach(pids.clone(), options)?;
        lifetimes.detach();
        lifetimes.open(clock_ns(ClockId::CLOCK_MONOTONIC))?;
        let mut hooks = Programs::attach(&ProbeConfig::idle(options))?;
        hooks.detach();
        let mut session = Session::begin(processes.clone(), options)?;
        session.stop_measuring_programs();
        session.detach();
        Ok(Turns {
            accounts: Accounts::begin(processes, options)?,
            session,
            lifetimes,
            hooks,
            pids,
            mode: Mode::None,
            began: None,
            taken: Vec::new(),
            round: options.round,
        })
    }

    /// Does what the mode of the turn does meanwhile, and once a second ends the turn and begins the next; the first second is
    /// nobody's, since a load begins with it. Says whether the target has ended.
    ///
    /// # Errors
    /// The kernel refuses to put a program back.
    pub fn glance(&mut self, count: u32) -> Result<bool> {
        if self.accounts.glance(count) {
            return Ok(true);
        }
        match self.mode {
            Mode::All => self.session.take_exits(),
            _ => self.lifetimes.take_ended(),
        }
        if count.is_multiple_of(GLANCES_A_POINT) {
            if self.mode == Mode::All {
                self.session.tick()?;
            }
            self.taken.extend(self.turn());
            self.switch(mode_of(self.taken.len(), self.round))?;
            self.began = self.reading();
        }
        Ok(false)
    }

    /// The turn that ends now.
    fn turn(&self) -> Option<Turn> {
        let (began, now) = self.began.zip(self.reading())?;
        Some(Turn {
            mode: self.mode,
            duration_ns: now.at_ns - began.at_ns,
            cpu_ns: now.cpu_ns.saturating_sub(began.cpu_ns),
        })
    }

    fn reading(&self) -> Option<Reading> {
        let cpu_ns = kernel_truth::cpu_clocks_ns(&self.pids)?;
        let at_ns = clock_ns(ClockId::CLOCK_MONOTONIC);
        Some(Reading { at_ns, cpu_ns })
    }

    fn switch(&mut self, mode: Mode) -> Result<()> {
        if mode == self.mode {
            return Ok(());
        }
        self.detach();
        self.mode = mode;
        match mode {
            Mode::All => self.session.attach_again(),
            Mode::Counters => self.lifetimes.attach_again(),
            Mode::Hooks => self.hooks.attach_again(),
            Mode::None | Mode::Turns => Ok(()),
        }
    }

    fn detach(&mut self) {
        self.session.detach();
        self.lifetimes.detach();
        self.hooks.detach();
    }

    /// Closes the window. Turns are told as far as all modes had as many.
    ///
    /// # Errors
    /// As [`Accounts::end`].
    pub fn end(mut self, ended: Ended, options: &Options) -> Result<Recording> {
        self.detach();
        let whole = self.taken.len() / Mode::IN_TURNS.len() * Mode::IN_TURNS.len();
        self.taken.truncate(whole);
        let mut recording = self.accounts.end(ended, options)?;
        recording.observer.turns = self.taken;
        Ok(recording)
    }
}

/// The mode of a turn. Within four rounds each mode has each turn once.
fn mode_of(number: usize, round: u32) -> Mode {
    const MODES: usize = Mode::IN_TURNS.len();
    let place = (number + round as usize) % MODES;
    ORDERS[number / MODES % ORDERS.len()][place]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_is_in_every_place_and_behind_every_other_once() {
        for place in 0..4 {
            let mut modes = ORDERS.map(|order| order[place]);
            modes.sort_unstable();
            assert_eq!(modes, Mode::IN_TURNS);
        }
        let mut pairs: Vec<_> = ORDERS
            .iter()
            .flat_map(|order| order.windows(2).map(|pair| (pair[0], pair[1])))
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        assert_eq!(pairs.len(), 12);
        for number in 0..9 {
            let mut modes: Vec<Mode> = (1..=4).map(|round| mode_of(number, round)).collect();
            modes.sort_unstable();
            assert_eq!(modes, Mode::IN_TURNS, "turn {number} of four rounds");
        }
        for round in 0..5 {
            let mut modes: Vec<Mode> = (0..4).map(|place| mode_of(round * 4 + place, 1)).collect();
            modes.sort_unstable();
            assert_eq!(modes, Mode::IN_TURNS);
        }
    }
}
