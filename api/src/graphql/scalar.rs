//! Scalars of our own.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};

/// A whole number of up to 64 bits, as a JSON number. Counts and sums outgrow `Int`, which has 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BigInt(pub i64);

/// A whole number of up to 64 bits, as a JSON number. Counts and sums outgrow `Int`, which has 32.
#[Scalar]
impl ScalarType for BigInt {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => number.as_i64().map(Self),
            _ => None,
        }
        .ok_or_else(|| InputValueError::expected_type(value))
    }

    fn to_value(&self) -> Value {
        Value::Number(self.0.into())
    }
}
