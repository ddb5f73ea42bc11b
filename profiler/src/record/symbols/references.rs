//! Addresses that x86-64 instructions refer to.

/// Bytes of the longest instruction that is read.
pub const LONGEST: usize = 7;

/// Returns the address that the instruction at a place refers to: `lea disp(%rip), reg` or
/// `mov $imm32, reg`.
pub fn referred(bytes: &[u8], place: u64) -> Option<u64> {
    let word = |at: usize| Some(i32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    match bytes {
        [0x48 | 0x4c, 0x8d, mode, ..] if mode & 0xc7 == 0x05 => {
            let next = place.wrapping_add(7);
            Some(next.wrapping_add_signed(word(3)?.into()))
        }
        [0xb8..=0xbf, ..] => Some(u64::from(word(1)? as u32)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_addresses_of_instructions() {
        assert_eq!(referred(&[0xbe, 4, 3, 2, 1, 0, 0], 0), Some(0x0102_0304));
        let backwards = [0x4c, 0x8d, 0x05, 0xf9, 0xff, 0xff, 0xff];
        assert_eq!(referred(&backwards, 0x1000), Some(0x1000));
        // lea disp(%rax), %rsi
        assert_eq!(referred(&[0x48, 0x8d, 0x70, 8, 0, 0, 0], 0), None);
        assert_eq!(referred(&[0x48, 0x8d], 0), None);
    }
}
