//! Wire types that the eBPF programs and the loader share.
#![no_std]
