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
