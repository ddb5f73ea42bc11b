//! Families of runtimes.

use super::vocabulary;

vocabulary! {
    /// The runtime family of a process; it decides how threads and functions are understood.
    #[derive(Default)]
    Runtime {
        /// Go.
        Go = "go", "Go";
        /// Bun.
        Bun = "bun", "Bun";
        /// Node.js.
        Node = "node", "Node.js";
        /// Deno.
        Deno = "deno", "Deno";
        /// CPython.
        Python = "python", "Python";
        /// Rust.
        Rust = "rust", "Rust";
        /// C.
        C = "c", "C";
        /// C++.
        Cpp = "cpp", "C++";
        /// A Java virtual machine.
        Java = "java", "Java";
        /// Ruby.
        Ruby = "ruby", "Ruby";
        /// PHP.
        Php = "php", "PHP";
        /// .NET.
        Dotnet = "dotnet", ".NET";
        /// The Erlang virtual machine.
        Beam = "beam", "Erlang/Elixir";
        /// Not recognised.
        #[default]
        Unknown = "unknown", "unknown runtime";
    }
}

impl Runtime {
    /// Returns the name of the language that its programs are written in.
    pub const fn language(self) -> &'static str {
        match self {
            Runtime::Bun | Runtime::Node | Runtime::Deno => "JavaScript",
            Runtime::Dotnet => ".NET code",
            other => other.label(),
        }
    }
}
