//! The image of the workload `multimodal`.

use anyhow::Context;
use rand::{RngCore, SeedableRng, rngs::SmallRng};

/// Width and height in pixels: with a byte per pixel, 1 MiB.
const SIDE: u32 = 1024;

/// Returns a PNG of grey noise, the same at each call. Noise does not compress, so the file has the
/// size of its pixels.
///
/// # Errors
/// Fails if the encoder does.
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
    fn returns_the_same_image_of_one_mebibyte() {
        let file = png().unwrap();
        let reader = png::Decoder::new(file.as_slice()).read_info().unwrap();
        assert_eq!(reader.info().size(), (1024, 1024));
        let beyond = file.len() - (1 << 20);
        assert!(beyond < 1 << 14, "{beyond} bytes more than a mebibyte");
        assert_eq!(file, png().unwrap());
    }
}
