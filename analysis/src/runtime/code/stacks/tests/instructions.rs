//! Evidence by instructions.

use super::*;

#[test]
fn categorises_allocators_and_code_of_objects() {
    let texts = |text: &str| CodeHint {
        texts: vec![text.into()],
        ..CodeHint::default()
    };
    let allocator = CodeHint {
        takes_block: true,
        ..texts("chunked")
    };
    assert_eq!(evidence::category(&allocator), Some(Allocation));
    let of_objects = |text| CodeHint {
        examines_objects: true,
        ..texts(text)
    };
    let built_in = of_objects("no such thing");
    assert_eq!(evidence::category(&built_in), Some(Engine));
    assert_eq!(evidence::category(&of_objects("chunked")), Some(Http));
}
