//! All prices at hand: which one a token has, and where they change within a day.

use std::collections::BTreeMap;

use entity::Scope;
use entity::analytics::model_price::Model;
use entity::conversation::token_consumption::TokenType;

use super::store;
use crate::analytics::rollup::DAY;
use crate::analytics::series::Range;
use crate::db::Reader;
use crate::error::Result;

/// The prices of models and types, each with since when it is valid (in seconds since 1970), in order.
#[derive(Clone, Debug, Default)]
pub(in crate::analytics) struct Prices(BTreeMap<String, BTreeMap<TokenType, Vec<(i64, i64)>>>);

/// The prices as they stand.
pub(in crate::analytics) async fn listed(reader: &Reader) -> Result<Prices> {
    let rows = store::prices(reader, Scope::Everyone, None).await?;
    Ok(Prices::of(rows))
}

impl Prices {
    fn of(rows: Vec<Model>) -> Self {
        let mut prices = Self::default();
        for row in rows {
            let valid = (row.valid_from.timestamp(), row.micro_dollars_per_million);
            let of_model = prices.0.entry(row.model).or_default();
            of_model.entry(row.kind).or_default().push(valid);
        }
        for valid in prices.0.values_mut().flat_map(BTreeMap::values_mut) {
            valid.sort_unstable();
        }
        prices
    }

    /// The price that is valid at a moment.
    pub(in crate::analytics) fn at(&self, model: &str, kind: TokenType, at: i64) -> Option<i64> {
        let valid = self.0.get(model)?.get(&kind)?;
        let begun = valid.partition_point(|(since, _)| *since <= at);
        Some(valid.get(begun.checked_sub(1)?)?.1)
    }

    /// Where prices of the range begin within a day of UTC (in seconds since 1970, in order): a sum that
    /// lies across one is not told apart by price.
    pub(in crate::analytics) fn cuts(&self, range: Range) -> Vec<i64> {
        let (from, to) = (range.from.timestamp(), range.to.timestamp());
        let all = self.0.values().flat_map(BTreeMap::values).flatten();
        let mut cuts: Vec<i64> = all
            .map(|(since, _)| *since)
            .filter(|since| from < *since && *since < to && since.rem_euclid(DAY) != 0)
            .collect();
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_valid_until_the_next() {
        let of_model =
            BTreeMap::from([(TokenType::Completion, vec![(DAY, 1), (2 * DAY + 900, 2)])]);
        let prices = Prices(BTreeMap::from([("a".to_owned(), of_model)]));
        let at = |moment| prices.at("a", TokenType::Completion, moment);
        let told = [DAY - 1, DAY, 2 * DAY + 899, 2 * DAY + 900].map(at);
        assert_eq!(told, [None, Some(1), Some(1), Some(2)]);
        assert_eq!(prices.at("a", TokenType::InputCached, DAY), None);
        assert_eq!(prices.at("b", TokenType::Completion, DAY), None);
        let range = |from, to| Range {
            from: crate::analytics::rollup::moment(from),
            to: crate::analytics::rollup::moment(to),
        };
        assert_eq!(prices.cuts(range(0, 3 * DAY)), [2 * DAY + 900]);
        assert_eq!(prices.cuts(range(0, 2 * DAY)), [] as [i64; 0]);
    }
}
