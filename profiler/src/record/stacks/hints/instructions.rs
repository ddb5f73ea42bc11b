//! The work of a function by a few of its x86-64 instructions.

/// Bytes at the begin of a function in which an allocator takes a block.
const BEGIN: usize = 96;
/// Bytes between two steps of a pattern, at most.
const NEAR: usize = 24;
/// Bytes of code that one look-up of a shape stands for.
const CODE_PER_LOOKUP: usize = 1_024;

/// Returns whether a function begins with taking the first block off a list that belongs to its
/// thread, as allocators do: a load from thread-local storage, then of the list's first block, then
/// of that block's first word, which becomes the list's first block.
pub fn takes_block(code: &[u8]) -> bool {
    let code = &code[..code.len().min(BEGIN)];
    let of_thread = |at: &usize| matches!(code[*at..], [0x64, 0x48 | 0x4c, 0x8b, ..]);
    let Some(of_thread) = (0..code.len()).find(of_thread) else {
        return false;
    };
    let moves = |from: usize, is_load: bool| {
        let places = from..code.len().min(from + NEAR);
        let found = places.filter_map(|at| Some((at, Move::at(&code[at..])?)));
        found.filter(move |(_, found)| found.is_load == is_load)
    };
    let firsts = (of_thread..code.len()).filter_map(|at| Some((at, Move::at(&code[at..])?)));
    let mut firsts = firsts.filter(|(_, first)| first.is_load && first.offset != 0);
    firsts.any(|(at, first)| {
        let mut nexts = moves(at + 1, true);
        nexts.any(|(at, next)| {
            let unlinks = Move {
                is_load: false,
                register: next.register,
                ..first
            };
            let is_next = next.base == first.register && next.offset == 0;
            is_next && moves(at + 1, false).any(|(_, found)| found == unlinks)
        })
    })
}

/// Returns whether much of a function looks up shapes of JavaScript objects, as JavaScriptCore
/// does: an object begins with the number of its shape, whose lowest bit is cleared before it is
/// added to the address of their table, a variable.
pub fn examines_objects(code: &[u8]) -> bool {
    let lookups = (0..code.len()).filter(|at| looks_up_shape(&code[*at..]));
    lookups.count() > code.len() / CODE_PER_LOOKUP
}

fn looks_up_shape(code: &[u8]) -> bool {
    const TABLE_WITHIN: usize = 6;
    let [0x83, 0xe0..=0xe7, 0xfe, then @ ..] = code else {
        return false;
    };
    let loads_variable =
        |code: &[u8]| matches!(code, [0x48 | 0x4c, 0x8b, mode, ..] if mode & 0xc7 == 0x05);
    let mut places = 0..then.len().min(TABLE_WITHIN + 1);
    places.any(|at| loads_variable(&then[at..]))
}

/// `mov offset(base), register` or the reverse, of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Move {
    is_load: bool,
    register: u8,
    base: u8,
    offset: u8,
}

impl Move {
    /// Decodes an instruction whose offset is at most a byte (Intel SDM, volume 2, chapter 2).
    fn at(code: &[u8]) -> Option<Move> {
        const STACK_OR_INDEX: u8 = 4;
        const NO_BASE: u8 = 5;
        let [prefix, operation @ (0x89 | 0x8b), mode, rest @ ..] = code else {
            return None;
        };
        // 64 bits, no index register.
        if prefix & 0xfa != 0x48 {
            return None;
        }
        let low = mode & 7;
        let offset = match mode >> 6 {
            0 if low != NO_BASE => 0,
            1 => *rest.first()?,
            _ => return None,
        };
        (low != STACK_OR_INDEX).then_some(Move {
            is_load: *operation == 0x8b,
            register: (mode >> 3 & 7) | (prefix & 4) << 1,
            base: low | (prefix & 1) << 3,
            offset,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `mov %fs:…, %rdi; mov (%rdi,%rax), %rcx; mov 8(%rcx), %rax; test %rax, %rax; je …`
    const FIRST_BLOCK: [u8; 22] = [
        0x64, 0x48, 0x8b, 0x3c, 0x25, 0x58, 0xcd, 0xff, 0xff, 0x48, 0x8b, 0x0c, 0x07, 0x48, 0x8b,
        0x41, 0x08, 0x48, 0x85, 0xc0, 0x74, 0x11,
    ];
    /// `mov (%rax), %rdx; mov %rdx, 8(%rcx); ret`
    const UNLINKS: [u8; 8] = [0x48, 0x8b, 0x10, 0x48, 0x89, 0x51, 0x08, 0xc3];

    #[test]
    fn recognises_functions_that_take_a_block_of_their_thread() {
        let function = [&FIRST_BLOCK[..], &UNLINKS].concat();
        assert!(takes_block(&function));
        let without_thread = &function[9..];
        assert!(!takes_block(without_thread));
        assert!(!takes_block(&FIRST_BLOCK));
        assert!(!takes_block(&[]));
        // mov %rdx, 16(%rcx): another list.
        let mut elsewhere = function.clone();
        elsewhere[28] = 0x10;
        assert!(!takes_block(&elsewhere));
        let late = [&[0x90; BEGIN][..], &function].concat();
        assert!(!takes_block(&late));
        (0..function.len()).for_each(|end| assert!(!takes_block(&function[..end]) || end > 28));
    }

    #[test]
    fn recognises_functions_that_look_up_shapes() {
        // mov (%r13), %eax; and $-2, %eax; mov …(%rip), %rcx
        let lookup = [
            0x41, 0x8b, 0x45, 0, 0x83, 0xe0, 0xfe, 0x48, 0x8b, 0x0d, 1, 2, 3, 4,
        ];
        assert!(examines_objects(&lookup));
        // mov …(%rax), %rcx: no variable.
        let mut other = lookup;
        other[9] = 0x88;
        assert!(!examines_objects(&other));
        let one_in_much = [&lookup[..], &[0x90; CODE_PER_LOOKUP]].concat();
        assert!(!examines_objects(&one_in_much));
        assert!(!examines_objects(&[]));
    }
}
