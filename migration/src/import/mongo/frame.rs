//! What stands around documents in a file of JSON: an array, commas, blanks. A file that was cut off does
//! not end well, and an element that is no document is not passed over.

/// What may come next between two values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Due {
    /// A value, or an array of them. Here a file may end.
    #[default]
    Any,
    /// The first element of an array, or its end.
    First,
    /// An element.
    Element,
    /// A comma, or the end of the array.
    Comma,
}

/// What a byte between two values is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Between {
    /// Nothing of a value.
    Nothing,
    /// The first byte of a value.
    Begin,
    /// What cannot stand there.
    Wrong,
}

/// Where in a file we are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Frame(Due);

impl Frame {
    /// Take a byte that stands between values.
    pub(super) fn take(&mut self, byte: u8) -> Between {
        let (due, is) = match (self.0, byte) {
            (due, b' ' | b'\t' | b'\n' | b'\r') => (due, Between::Nothing),
            (Due::Any, b'[') => (Due::First, Between::Nothing),
            (Due::First | Due::Comma, b']') => (Due::Any, Between::Nothing),
            (Due::Comma, b',') => (Due::Element, Between::Nothing),
            (due @ Due::Comma, _) | (due, b']' | b'}' | b',' | b':') => (due, Between::Wrong),
            (Due::Any, _) => (Due::Any, Between::Begin),
            (Due::First | Due::Element, _) => (Due::Comma, Between::Begin),
        };
        self.0 = due;
        is
    }

    /// Whether a file may end here.
    pub(super) fn is_whole(self) -> bool {
        self.0 == Due::Any
    }
}

/// How far a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goes {
    /// On.
    On,
    /// To this byte.
    ToThis,
    /// To the byte before.
    ToLast,
}

/// A value that is read byte by byte: only as much of it is understood as tells where it ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Value {
    depth: u32,
    quoted: bool,
    escaped: bool,
}

impl Value {
    /// Take its next byte; the first is one that it may begin with.
    pub(super) fn take(&mut self, byte: u8) -> Goes {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.quoted => self.escaped = true,
            b'"' => {
                self.quoted = !self.quoted;
                if !self.quoted && self.depth == 0 {
                    return Goes::ToThis;
                }
            }
            _ if self.quoted => {}
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' if self.depth > 0 => {
                self.depth -= 1;
                if self.depth == 0 {
                    return Goes::ToThis;
                }
            }
            b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r' if self.depth == 0 => {
                return Goes::ToLast;
            }
            _ => {}
        }
        Goes::On
    }
}

/// Whether a line has more open than is closed: it was cut off.
pub(super) fn is_open(line: &str) -> bool {
    let mut value = Value::default();
    !line.bytes().any(|byte| value.take(byte) != Goes::On)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_off_is_told() {
        for (line, open) in [
            (r#"{"a": {"b": 1}}"#, false),
            (r#"{"a": {"b": 1}"#, true),
            (r#"{"a": "}"#, true),
            (r#"{"a": "\"}"}"#, false),
            (r#"{"a": [1}"#, true),
        ] {
            assert_eq!(is_open(line), open, "{line}");
        }
    }
}
