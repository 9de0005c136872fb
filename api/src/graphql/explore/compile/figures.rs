//! Figures, of all rows and of groups.

use service::explore::bind::{Function, Measure};
use service::explore::catalog::{Entity, Member};
use service::explore::plan::{FigureField, Figures, Key, KeyField};

use super::{Compiler, Same, unknown};
use crate::graphql::explore::fault::Fault;
use crate::graphql::explore::register::FUNCTIONS;

impl<'a> Compiler<'_, 'a> {
    /// The figures of an object of type `kind`: of all rows, or of a group.
    pub(super) fn figures(
        &self,
        entity: &'static Entity,
        kind: &str,
        fields: Same<'_, 'a>,
    ) -> Result<Figures, Fault> {
        let mut figures = Figures::default();
        for (key, fields) in self.document.below(fields, kind) {
            let name = fields[0].node.name.node.as_str();
            let field = match name {
                "__typename" => FigureField::Typename(kind.to_owned()),
                "count" => FigureField::Measure(place(&mut figures, Measure::Count)),
                "others" => FigureField::Others,
                "keys" => FigureField::Keys(self.keys(entity, &fields)?),
                _ => {
                    let known = FUNCTIONS.iter().find(|(single, ..)| *single == name);
                    let (_, kind, function) = known.ok_or_else(|| unknown(fields[0]))?;
                    let kind = format!("{}{kind}", entity.name);
                    let columns = self.columns(entity, &kind, *function, &mut figures, &fields)?;
                    FigureField::Columns(columns)
                }
            };
            figures.fields.push((Key::new(key), field));
        }
        Ok(figures)
    }

    fn columns(
        &self,
        entity: &'static Entity,
        kind: &str,
        function: Function,
        figures: &mut Figures,
        fields: Same<'_, 'a>,
    ) -> Result<Vec<(Key, FigureField)>, Fault> {
        let mut columns = Vec::new();
        for (key, fields) in self.document.below(fields, kind) {
            let name = fields[0].node.name.node.as_str();
            let field = match entity.member(name) {
                Some(Member::Column(column)) => {
                    FigureField::Measure(place(figures, Measure::Of(function, column)))
                }
                _ if name == "__typename" => FigureField::Typename(kind.to_owned()),
                _ => return Err(unknown(fields[0])),
            };
            columns.push((Key::new(key), field));
        }
        Ok(columns)
    }

    fn keys(
        &self,
        entity: &'static Entity,
        fields: Same<'_, 'a>,
    ) -> Result<Vec<(Key, KeyField)>, Fault> {
        let kind = format!("{}GroupKeys", entity.name);
        let mut keys = Vec::new();
        for (key, fields) in self.document.below(fields, &kind) {
            let name = fields[0].node.name.node.as_str();
            let field = match entity.member(name) {
                Some(Member::Column(column)) => KeyField::Column(column),
                _ if name == "__typename" => KeyField::Typename(kind.clone()),
                _ => return Err(unknown(fields[0])),
            };
            keys.push((Key::new(key), field));
        }
        Ok(keys)
    }
}

/// The place of a measure among those that are needed.
fn place(figures: &mut Figures, measure: Measure) -> usize {
    let known = figures.measures.iter().position(|known| *known == measure);
    known.unwrap_or_else(|| {
        figures.measures.push(measure);
        figures.measures.len() - 1
    })
}
