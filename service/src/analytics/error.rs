//! What analytics refuse.

use chrono::{DateTime, Utc};
use entity::id::ModelPriceId;

use crate::error::{Kind, Refusal, refusals};

refusals! {
    /// What analytics refuse.
    pub enum Error {
        /// The answer would be too large to be held.
        TooMuch(u64) => Invalid, "analytics.too_much",
            "the question touches more than {0} groups",
            "Narrow the range, take a longer bucket, or group by fewer dimensions.";
        /// The answer would have too many points.
        TooManyPoints(usize) => Invalid, "analytics.too_many_points",
            "the answer would have more than {0} points",
            "Narrow the range, take a longer bucket or fewer series, or ask for the sums without points.";
        /// No such price.
        PriceNotFound(ModelPriceId) => NotFound, "price.not_found",
            "there is no price {0}",
            "List the prices, and check the id.";
        /// A price would begin within a bucket.
        PriceOffEdge(DateTime<Utc>) => Invalid, "price.off_edge",
            "{0} is not on the edge of a quarter of an hour",
            "Let a price begin at a full hour, or 15, 30 or 45 minutes past it.";
        /// A price that counts already cannot be taken back.
        PriceInForce(DateTime<Utc>) => Conflict, "price.in_force",
            "the price is in force since {0}",
            "Set another price from the date from which it shall be another.";
    }
}

impl Refusal for Error {
    fn kind(&self) -> Kind {
        self.entry().1
    }

    fn code(&self) -> &'static str {
        self.entry().0
    }
}
