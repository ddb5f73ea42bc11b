//! Classification of x86-64 instructions.

/// Whether an instruction is a repeated string operation (`REP MOVS`, `REP STOS` and the like;
/// Intel SDM volume 2, `REP`). `code` is its first four bytes, the first one lowest: a number,
/// since the verifier follows shifts more easily than a choice among bytes.
#[inline(always)]
pub fn repeats(mut code: u32) -> bool {
    if code & 0xff == 0x66 {
        code >>= 8;
    }
    let prefix = code & 0xff;
    code >>= 8;
    // A `REX` prefix.
    if code & 0xf0 == 0x40 {
        code >>= 8;
    }
    matches!(prefix, 0xf2 | 0xf3) && matches!(code & 0xff, 0x6c..=0x6f | 0xa4..=0xa7 | 0xaa..=0xaf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detects_repeated_string_operations() {
        for repeated in [
            [0xf3, 0xa4, 0, 0],    // rep movsb
            [0xf3, 0x48, 0xab, 0], // rep stosq
            [0x66, 0xf3, 0xa5, 0], // rep movsw
            [0xf2, 0xae, 0, 0],    // repne scasb
        ] {
            assert!(repeats(u32::from_le_bytes(repeated)), "{repeated:x?}");
        }
        for other in [
            [0xa4, 0, 0, 0],          // movsb
            [0xf3, 0x0f, 0x11, 0x07], // movss
            [0xf3, 0x90, 0, 0],       // pause
            [0xc6, 0x00, 0x01, 0x48], // movb
            [0, 0, 0, 0],
            [0xff; 4],
        ] {
            assert!(!repeats(u32::from_le_bytes(other)), "{other:x?}");
        }
    }
}
