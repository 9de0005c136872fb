//! Numbers as few bytes as they need.

/// Put down a number of either sign: negative ones become odd, so that small ones stay short.
pub(super) fn write_signed(bytes: &mut Vec<u8>, number: i64) {
    // Whatever it is: its sign is the last bit.
    let turned = (number << 1) ^ (number >> 63);
    write(bytes, u64::from_ne_bytes(turned.to_ne_bytes()));
}

/// Read what [`write_signed`] put down.
pub(super) fn read_signed(bytes: &mut &[u8]) -> Option<i64> {
    let turned = read(bytes)?;
    let half = i64::from_ne_bytes((turned >> 1).to_ne_bytes());
    Some(if turned & 1 == 1 { !half } else { half })
}

/// Seven bits a byte, the lowest first; the eighth says that there is more.
pub(super) fn write(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = u8::try_from(number & 0x7F).unwrap_or_default();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

/// Read what [`write`] put down.
pub(super) fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_read_as_they_were_written(some in any::<Vec<i64>>()) {
            let mut bytes = Vec::new();
            for number in &some {
                write_signed(&mut bytes, *number);
            }
            let mut rest = bytes.as_slice();
            for number in &some {
                prop_assert_eq!(read_signed(&mut rest), Some(*number));
            }
            prop_assert!(rest.is_empty());
            prop_assert_eq!(read(&mut rest), None);
        }
    }
}
