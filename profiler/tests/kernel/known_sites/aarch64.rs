//! The functions for arm64: a frame record is the caller's frame pointer (x29) and the return
//! address (x30), as AAPCS64 has it.

use nix::libc::{MADV_DONTNEED, SYS_madvise};

std::arch::global_asm!(
    // known_touch(first page, how many): writes to each page.
    ".text",
    ".p2align 6",
    ".globl known_touch",
    ".type known_touch, @function",
    "known_touch:",
    "  strb w1, [x0]",
    "  add x0, x0, #4096",
    "  subs x1, x1, #1",
    "  b.ne known_touch",
    "  ret",
    ".size known_touch, . - known_touch",
    // known_caller(address, length): calls known_give_back, and is the only one that does.
    ".p2align 6",
    ".globl known_caller",
    ".type known_caller, @function",
    "known_caller:",
    "  stp x29, x30, [sp, #-16]!",
    "  mov x29, sp",
    "  bl known_give_back",
    "  ldp x29, x30, [sp], #16",
    "  ret",
    ".size known_caller, . - known_caller",
    // known_give_back(address, length): madvise(address, length, MADV_DONTNEED).
    ".p2align 6",
    ".type known_give_back, @function",
    "known_give_back:",
    "  stp x29, x30, [sp, #-16]!",
    "  mov x29, sp",
    "  mov w2, #{advice}",
    "  mov w8, #{madvise}",
    "  svc #0",
    "  ldp x29, x30, [sp], #16",
    "  ret",
    ".size known_give_back, . - known_give_back",
    // known_stray(address, length, frame): madvise(address, length, MADV_DONTNEED), with an invalid
    // frame pointer.
    ".p2align 6",
    ".globl known_stray",
    ".type known_stray, @function",
    "known_stray:",
    "  stp x29, x30, [sp, #-16]!",
    "  mov x29, x2",
    "  mov w2, #{advice}",
    "  mov w8, #{madvise}",
    "  svc #0",
    "  ldp x29, x30, [sp], #16",
    "  ret",
    ".size known_stray, . - known_stray",
    ".p2align 6",
    advice = const MADV_DONTNEED,
    madvise = const SYS_madvise,
);
