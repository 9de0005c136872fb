//! Files to send, good ones and parts of bad ones.

use std::io::Write as _;

use flate2::Crc;
use flate2::write::ZlibEncoder;

/// A document that says `text`.
pub(super) fn pdf(text: &str) -> Vec<u8> {
    format!("%PDF-1.7\n1 0 obj\n({text})\nendobj\ntrailer\n%%EOF\n").into_bytes()
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn chunk(kind: &[u8], content: &[u8]) -> Vec<u8> {
    let named = [kind, content].concat();
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [length.as_slice(), &named, &crc(&named).to_be_bytes()].concat()
}

/// A picture that says that it has so many pixels, and has `rows` rows of them.
pub(super) fn claiming(width: u32, height: u32, rows: u32) -> Vec<u8> {
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let head = [size.as_slice(), &[8, 2, 0, 0, 0]].concat();
    let mut pixels = ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    for row in 0..rows {
        let shade = u8::try_from(row % 256).unwrap();
        pixels.write_all(&[0]).unwrap();
        let row = [shade, 100, 200].repeat(usize::try_from(width).unwrap());
        pixels.write_all(&row).unwrap();
    }
    [
        b"\x89PNG\r\n\x1a\n".as_slice(),
        &chunk(b"IHDR", &head),
        &chunk(b"tEXt", b"Author\0a secret of the camera"),
        &chunk(b"IDAT", &pixels.finish().unwrap()),
        &chunk(b"IEND", b""),
    ]
    .concat()
}

/// A picture.
pub(super) fn png(width: u32, height: u32) -> Vec<u8> {
    claiming(width, height, height)
}

/// An entry of an archive.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) content: Vec<u8>,
    /// What it says that it unpacks to.
    pub(super) unpacked: u32,
    /// What it says that it is packed to.
    pub(super) packed: u32,
    pub(super) flags: u16,
}

pub(super) fn entry(name: &'static str) -> Entry {
    let content = b"<xml/>".to_vec();
    Entry {
        name,
        unpacked: 6,
        packed: 6,
        content,
        flags: 0,
    }
}

/// An archive of these entries.
pub(super) fn archive(entries: &[Entry]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for one in entries {
        let offset = u32::try_from(bytes.len()).unwrap();
        let length = u16::try_from(one.name.len()).unwrap();
        let common = [
            20_u16.to_le_bytes().as_slice(),
            &one.flags.to_le_bytes(),
            &[0; 6],
            &crc(&one.content).to_le_bytes(),
            &one.packed.to_le_bytes(),
            &one.unpacked.to_le_bytes(),
            &length.to_le_bytes(),
            &[0, 0],
        ]
        .concat();
        bytes.extend([b"PK\x03\x04".as_slice(), &common].concat());
        bytes.extend([one.name.as_bytes(), &one.content].concat());
        directory.extend([b"PK\x01\x02\x14\0".as_slice(), &common, &[0; 10]].concat());
        directory.extend([&offset.to_le_bytes(), one.name.as_bytes()].concat());
    }
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    let end = [
        b"PK\x05\x06\0\0\0\0".as_slice(),
        &count,
        &count,
        &u32::try_from(directory.len()).unwrap().to_le_bytes(),
        &u32::try_from(bytes.len()).unwrap().to_le_bytes(),
        &[0, 0],
    ]
    .concat();
    [bytes, directory, end].concat()
}

/// A text document, and some more in it.
pub(super) fn docx(more: &[Entry]) -> Vec<u8> {
    let own = [entry("[Content_Types].xml"), entry("word/document.xml")];
    archive(&[own.as_slice(), more].concat())
}
