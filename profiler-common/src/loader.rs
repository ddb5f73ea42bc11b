//! Lets the loader read the wire types out of maps.
#![expect(
    unsafe_code,
    reason = "aya asks for a promise about each type's layout"
)]

use crate::{
    Bursts, Counters, Fifo, Forwards, Goroutines, Site, SiteSum, Socket, Stamp, SyscallStat,
    Thread, Ticks, WaitedFor, Wakes,
};

macro_rules! plain_data {
    ($($type:ty),*) => {$(
        // SAFETY: `repr(C)`, integers only, without padding (sizes are asserted beside each type), so every bit
        // pattern is a value.
        unsafe impl aya::Pod for $type {}
    )*};
}

plain_data!(
    Bursts,
    Counters,
    Fifo,
    Forwards,
    Goroutines,
    Site,
    SiteSum,
    Socket,
    Stamp,
    SyscallStat,
    Thread,
    Ticks,
    WaitedFor,
    Wakes
);
