//! A scripted stand-in for an OpenAI-compatible streaming model.

fn main() {}
