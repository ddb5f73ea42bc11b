//! The stack that programs take with the functions they call. Linux 6.1 permits 512 bytes along a
//! chain of calls, and loads no program with more; newer kernels permit more, so that loading on
//! one of them shows nothing.

use super::OBJECT;
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionIndex, SymbolKind};
use std::collections::{BTreeMap, BTreeSet};

const MOST: u64 = 512;
/// The kernel rounds up the stack of each function (`check_max_stack_depth`).
const UNIT: u64 = 32;
const INSTRUCTION: usize = 8;
const FRAME_POINTER: u8 = 10;

/// Section and address of a function.
type Place = (usize, u64);

#[derive(Default)]
struct Function {
    name: String,
    /// Bytes below the frame pointer.
    stack: u64,
    calls: BTreeSet<Place>,
}

struct Instruction {
    code: u8,
    target: u8,
    source: u8,
    offset: i16,
    number: i32,
}

impl Instruction {
    /// Decodes an instruction (Documentation/bpf/standardization/instruction-set.rst).
    fn of(bytes: &[u8]) -> Instruction {
        let number = bytes[4..].try_into().expect("four bytes");
        Instruction {
            code: bytes[0],
            target: bytes[1] & 15,
            source: bytes[1] >> 4,
            offset: i16::from_le_bytes([bytes[2], bytes[3]]),
            number: i32::from_le_bytes(number),
        }
    }

    /// Returns the place on the stack that it reads or writes, or makes a pointer to together with
    /// the instruction before.
    fn place_on_stack(&self, before: Option<&Instruction>) -> Option<i64> {
        const LOAD: u8 = 1;
        const STORE: [u8; 2] = [2, 3];
        const MOVE: u8 = 0xbf;
        const ADD: u8 = 0x07;
        let class = self.code & 7;
        let by_load = class == LOAD && self.source == FRAME_POINTER;
        let by_store = STORE.contains(&class) && self.target == FRAME_POINTER;
        if by_load || by_store {
            return Some(self.offset.into());
        }
        let copied = before.filter(|before| {
            before.code == MOVE && before.source == FRAME_POINTER && before.target == self.target
        });
        (self.code == ADD && copied.is_some()).then_some(self.number.into())
    }

    fn calls_a_function(&self) -> bool {
        (self.code, self.source) == (0x85, 1)
    }

    /// Returns the address of the function that a call at an address calls.
    fn next(&self, at: u64) -> u64 {
        at.wrapping_add_signed((i64::from(self.number) + 1) * INSTRUCTION as i64)
    }
}

/// Decodes every function of the object.
fn functions(object: &object::File<'_>) -> BTreeMap<Place, Function> {
    let symbols = object.symbols();
    let symbols = symbols.filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0);
    let functions = symbols.filter_map(|symbol| {
        let index = symbol.section_index()?;
        let function = decode(object, index, &symbol)?;
        Some(((index.0, symbol.address()), function))
    });
    functions.collect()
}

fn decode<'d>(
    object: &object::File<'d>,
    index: SectionIndex,
    symbol: &impl ObjectSymbol<'d>,
) -> Option<Function> {
    let section = object.section_by_index(index).ok()?;
    let relocations: BTreeMap<_, _> = section.relocations().collect();
    let code = section.data().ok()?;
    let mut function = Function {
        name: symbol.name().unwrap_or_default().into(),
        ..Function::default()
    };
    let mut before = None;
    let end = symbol.address() + symbol.size();
    for at in (symbol.address()..end).step_by(INSTRUCTION) {
        let bytes = code.get(at as usize..at as usize + INSTRUCTION)?;
        let instruction = Instruction::of(bytes);
        let place = instruction.place_on_stack(before.as_ref());
        let depth = place.map_or(0, |place| 0.max(-place)) as u64;
        function.stack = function.stack.max(depth);
        if instruction.calls_a_function() {
            let target = relocations.get(&at).map(|found| found.target());
            let called = match target {
                Some(RelocationTarget::Symbol(target)) => {
                    let target = object.symbol_by_index(target).ok()?;
                    let is_section = target.kind() == SymbolKind::Section;
                    let within = match is_section {
                        true => instruction.next(0),
                        false => target.address(),
                    };
                    (target.section_index()?.0, within)
                }
                _ => (index.0, instruction.next(at)),
            };
            function.calls.insert(called);
        }
        before = Some(instruction);
    }
    Some(function)
}

/// Returns the stack of a function with those that it calls, and their names.
fn deepest(functions: &BTreeMap<Place, Function>, place: &Place) -> (u64, String) {
    let function = functions.get(place).expect("a function of the object");
    let calls = function.calls.iter();
    let called = calls.map(|place| deepest(functions, place)).max();
    let (below, names) = called.unwrap_or_default();
    let own = function.stack.max(1).next_multiple_of(UNIT);
    (own + below, format!("{} {own} {names}", function.name))
}

#[test]
fn fits_the_stack_of_linux_6_1() {
    let object = object::File::parse(OBJECT).expect("the eBPF object, by cargo xtask build --ebpf");
    let functions = functions(&object);
    assert!(functions.len() > 20);
    let chains = functions.keys().map(|place| deepest(&functions, place));
    let deepest = chains.max().expect("functions");
    // It has programs that use much of it: the instructions were understood.
    assert!(deepest.0 > MOST / 2, "{deepest:?}");
    assert!(deepest.0 <= MOST, "{deepest:?}");
}
