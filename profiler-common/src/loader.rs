//! Lets the loader read the wire types out of maps.
#![expect(
    unsafe_code,
    reason = "aya requires a promise about each type's layout"
)]

use crate::timeline::Event;
use crate::{
    BlockKey, BlockRequest, BlockSum, CallSite, CallSiteSum, CallStack, CgroupKey, Counters,
    EventLoop, Fifo, Forked, GcBursts, GcCalls, Goroutines, OpenWait, ParkedAt, ParkedBy,
    ParkedSum, PeerKey, PeerTraffic, PythonStack, PythonThread, RecvStamp, Relays, RunQueueBlame,
    SleepStack, Socket, StackEntry, SyscallStat, Thread, UnixName, WaitKey, WaitObject,
    WaitSampler, WaitStack, WaitSum, Wakes,
};

macro_rules! plain_data {
    ($($type:ty),*) => {$(
        // SAFETY: `repr(C)`, integers only, without padding (sizes are asserted beside each type),
        // so that every bit pattern is a value.
        unsafe impl aya::Pod for $type {}
    )*};
}

plain_data!(
    BlockKey,
    BlockRequest,
    BlockSum,
    CallSite,
    CallSiteSum,
    CallStack,
    CgroupKey,
    Counters,
    EventLoop,
    Fifo,
    Forked,
    GcBursts,
    GcCalls,
    Event,
    Goroutines,
    OpenWait,
    ParkedAt,
    ParkedBy,
    ParkedSum,
    PeerKey,
    PeerTraffic,
    PythonStack,
    PythonThread,
    RecvStamp,
    Relays,
    RunQueueBlame,
    SleepStack,
    Socket,
    StackEntry,
    SyscallStat,
    Thread,
    UnixName,
    WaitKey,
    WaitObject,
    WaitSampler,
    WaitStack,
    WaitSum,
    Wakes
);
