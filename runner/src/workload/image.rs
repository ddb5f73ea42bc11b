//! The image of the workload `multimodal`.

use anyhow::Context;
use rand::{RngCore, SeedableRng, rngs::SmallRng};

/// Width and height: with a byte a pixel, 1 MiB.
const SIDE: u32 = 1024;

/// A PNG of grey noise, always the same one. Noise cannot be compressed, so the file is as large as its pixels.
///
/// # Errors
/// As the encoder's; there is no reason for any.
pub fn png() -> anyhow::Result<Vec<u8>> {
    let mut pixels = vec![0; (SIDE * SIDE) as usize];
    SmallRng::seed_from_u64(1).fill_bytes(&mut pixels);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, SIDE, SIDE);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_compression(png::Compression::Fast);
    let written = encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(&pixels));
    written.context("cannot make the image")?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_an_image_of_one_mebibyte_and_always_the_same() {
        let file = png().unwrap();
        let reader = png::Decoder::new(file.as_slice()).read_info().unwrap();
        assert_eq!(reader.info().size(), (1024, 1024));
        let beyond = file.len() - (1 << 20);
        assert!(beyond < 1 << 14, "{beyond} bytes more than a mebibyte");
        assert_eq!(file, png().unwrap());
    }
}
