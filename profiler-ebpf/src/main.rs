#![no_std]
#![no_main]
//! The eBPF programs of kontrast.
