//! Pictures of people: decoded within bounds and made anew, so that nothing of the file that came is
//! kept but what it shows.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageError, ImageFormat, ImageReader};

use super::error::Error;

/// How good a JPEG is made, of 100.
const QUALITY: u8 = 85;
/// The most bytes that a pixel takes while it is decoded.
const PIXEL: u64 = 8;

/// What a picture may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// How many pixels it may have.
    pub(super) pixels: u64,
    /// How long its longer side is kept.
    pub(super) side: u32,
}

/// A picture that was made anew.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) bytes: Vec<u8>,
    pub(super) content_type: &'static str,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// The formats that are taken, with their types and extensions.
const TAKEN: [(ImageFormat, &[&str], &[&str]); 4] = [
    (ImageFormat::Png, &["image/png"], &["png"]),
    (
        ImageFormat::Jpeg,
        &["image/jpeg", "image/jpg", "image/pjpeg"],
        &["jpg", "jpeg"],
    ),
    (ImageFormat::WebP, &["image/webp"], &["webp"]),
    (ImageFormat::Gif, &["image/gif"], &["gif"]),
];

/// The format that the content is of; the type and the extension that it came with must agree.
pub(super) fn format(
    bytes: &[u8],
    said: Option<&str>,
    extension: Option<&str>,
) -> Result<ImageFormat, Error> {
    let format = image::guess_format(bytes).ok();
    let taken = TAKEN.iter().find(|(one, ..)| Some(*one) == format);
    let Some((format, types, extensions)) = taken else {
        let what = infer::get(bytes).map_or("what this is", |kind| kind.mime_type());
        return Err(Error::Type {
            what: what.to_owned(),
        });
    };
    let mismatch = |said: &str| Error::Mismatch {
        said: said.to_owned(),
        found: types[0].to_owned(),
    };
    let blank = ["", "application/octet-stream"];
    if said.is_some_and(|said| !types.contains(&said) && !blank.contains(&said)) {
        return Err(mismatch("another type"));
    }
    if extension.is_some_and(|extension| !extensions.contains(&extension)) {
        return Err(mismatch("another type by its name"));
    }
    Ok(*format)
}

/// Decode a picture and make it anew: upright, no larger than is kept, of a moving one its first
/// moment. Takes a while: not for a thread that others wait for.
pub(super) fn remake(bytes: &[u8], format: ImageFormat, bounds: Bounds) -> Result<Picture, Error> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(bounds.pixels.saturating_mul(PIXEL));
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| unsound(&error))?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 || pixels > bounds.pixels {
        let most = bounds.pixels;
        let detail = format!("it has {width} times {height} pixels; {most} in all are the most");
        return Err(Error::damaged(detail));
    }
    if decoder.total_bytes() > bounds.pixels.saturating_mul(PIXEL) {
        return Err(Error::damaged("it is too large when it is decoded"));
    }
    let upright = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| unsound(&error))?;
    image.apply_orientation(upright);
    if image.width().max(image.height()) > bounds.side {
        image = image.thumbnail(bounds.side, bounds.side);
    }
    encode(&image, format).map_err(|error| unsound(&error))
}

fn encode(image: &DynamicImage, format: ImageFormat) -> Result<Picture, ImageError> {
    let mut bytes = Cursor::new(Vec::new());
    let content_type = if format == ImageFormat::Jpeg {
        let encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
        image.to_rgb8().write_with_encoder(encoder)?;
        "image/jpeg"
    } else {
        image.to_rgba8().write_to(&mut bytes, ImageFormat::Png)?;
        "image/png"
    };
    Ok(Picture {
        bytes: bytes.into_inner(),
        content_type,
        width: image.width(),
        height: image.height(),
    })
}

/// What is wrong with a picture, without what the decoder saw in it.
fn unsound(error: &ImageError) -> Error {
    Error::damaged(match error {
        ImageError::Limits(_) => "it is too large when it is decoded",
        ImageError::Unsupported(_) => "it is of a kind that few can show",
        _ => "it cannot be decoded",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let image = DynamicImage::new_rgba8(width, height);
        image.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_picture_is_made_anew_within_bounds() {
        let bounds = Bounds {
            pixels: 40_000,
            side: 100,
        };
        let large = png(200, 100);
        let format = format(&large, Some("image/png"), Some("png")).unwrap();
        let made = remake(&large, format, bounds).unwrap();
        assert_eq!((made.width, made.height), (100, 50));
        assert_eq!(made.content_type, "image/png");
        let behind = [large.as_slice(), b"<script>alert(1)</script>"].concat();
        let made = remake(&behind, format, bounds).unwrap();
        assert!(!made.bytes.windows(7).any(|some| some == b"<script"));
        for (bytes, detail) in [
            (png(201, 200), "pixels"),
            (large[..large.len() / 2].to_vec(), "decoded"),
        ] {
            let error = remake(&bytes, format, bounds).unwrap_err().to_string();
            assert!(error.contains(detail), "{error}");
        }
    }

    #[test]
    fn the_type_is_that_of_the_content() {
        let bytes = png(1, 1);
        assert!(format(&bytes, None, None).is_ok());
        assert!(format(&bytes, Some("image/jpeg"), None).is_err());
        assert!(format(&bytes, None, Some("gif")).is_err());
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>";
        assert!(format(svg, Some("image/svg+xml"), Some("svg")).is_err());
    }
}
