//! Faults that hold up the thread which serves.

use super::Fault;
use crate::truth;
use std::{
    io,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// Sleeps.
pub struct Sleep(Duration);

impl Sleep {
    pub fn microseconds(dose: u64) -> Self {
        Self(Duration::from_micros(dose))
    }
}

impl Fault for Sleep {
    fn token(&self) {
        truth::wait(|| thread::sleep(self.0));
        truth::count(1);
    }
}

/// Needs a lock that another thread keeps most of the time.
pub struct Lock(Arc<Mutex<()>>);

impl Lock {
    pub fn new(microseconds: u64) -> io::Result<Self> {
        let lock = Arc::new(Mutex::new(()));
        let (theirs, kept) = (Arc::clone(&lock), Duration::from_micros(microseconds));
        thread::Builder::new()
            .name("keeper".to_owned())
            .spawn(move || {
                loop {
                    let guard = theirs.lock();
                    thread::sleep(kept);
                    drop(guard);
                    thread::sleep(kept);
                }
            })?;
        Ok(Self(lock))
    }
}

impl Fault for Lock {
    fn token(&self) {
        truth::wait(|| drop(self.0.lock()));
        truth::count(1);
    }
}
