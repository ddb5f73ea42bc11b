//! Recording one process: load and attach the eBPF programs, drain their maps, write a recording.
