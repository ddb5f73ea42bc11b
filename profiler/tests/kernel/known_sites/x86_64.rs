//! The functions for x86-64.

use nix::libc::{MADV_DONTNEED, SYS_madvise};

std::arch::global_asm!(
    // known_touch(first page, how many): writes to each page.
    ".text",
    ".p2align 6",
    ".globl known_touch",
    ".type known_touch, @function",
    "known_touch:",
    "  movb $1, (%rdi)",
    "  add $4096, %rdi",
    "  dec %rsi",
    "  jnz known_touch",
    "  ret",
    ".size known_touch, . - known_touch",
    // known_caller(address, length): calls known_give_back, and is the only one that does.
    ".p2align 6",
    ".globl known_caller",
    ".type known_caller, @function",
    "known_caller:",
    "  push %rbp",
    "  mov %rsp, %rbp",
    "  call known_give_back",
    "  pop %rbp",
    "  ret",
    ".size known_caller, . - known_caller",
    // known_give_back(address, length): madvise(address, length, MADV_DONTNEED).
    ".p2align 6",
    ".type known_give_back, @function",
    "known_give_back:",
    "  push %rbp",
    "  mov %rsp, %rbp",
    "  mov ${advice}, %edx",
    "  mov ${madvise}, %eax",
    "  syscall",
    "  pop %rbp",
    "  ret",
    ".size known_give_back, . - known_give_back",
    // known_stray(address, length, frame): madvise(address, length, MADV_DONTNEED), with an invalid
    // frame pointer.
    ".p2align 6",
    ".globl known_stray",
    ".type known_stray, @function",
    "known_stray:",
    "  push %rbp",
    "  mov %rdx, %rbp",
    "  mov ${advice}, %edx",
    "  mov ${madvise}, %eax",
    "  syscall",
    "  pop %rbp",
    "  ret",
    ".size known_stray, . - known_stray",
    ".p2align 6",
    advice = const MADV_DONTNEED,
    madvise = const SYS_madvise,
    options(att_syntax)
);
