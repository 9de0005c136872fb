//! Lists: their rows, cursors and counts.

use async_graphql::Positioned;
use async_graphql::parser::types::Field as Node;
use service::explore::catalog::{Entity, Relation};
use service::explore::plan::{Connection, ConnectionField, EdgeField, Groups, Key, PageField};

use super::{Compiler, Same, Slot, unknown};
use crate::graphql::explore::arguments::Template;
use crate::graphql::explore::fault::Fault;

impl<'a> Compiler<'_, 'a> {
    pub(super) fn connection(
        &mut self,
        entity: &'static Entity,
        along: Option<&'static Relation>,
        fields: Same<'_, 'a>,
        at: &Positioned<Node>,
    ) -> Result<Connection, Fault> {
        let slot = self.slot(Slot::List {
            of: entity,
            along,
            arguments: Template::of(at),
        });
        let mut list = Connection::new(entity, slot);
        let kind = format!("{}Connection", entity.name);
        for (key, fields) in self.document.below(fields, &kind) {
            let field = match fields[0].node.name.node.as_str() {
                "__typename" => ConnectionField::Typename,
                "nodes" => {
                    list.rows = true;
                    ConnectionField::Nodes(self.object(&mut list.level, 0, &fields)?)
                }
                "edges" => {
                    list.rows = true;
                    ConnectionField::Edges(self.edges(&mut list, &fields)?)
                }
                "pageInfo" => {
                    list.rows = true;
                    ConnectionField::PageInfo(self.page(&mut list, &fields)?)
                }
                "totalCount" => {
                    list.total = true;
                    ConnectionField::Total
                }
                "estimatedCount" => {
                    list.estimate = true;
                    ConnectionField::Estimate
                }
                "aggregate" => {
                    let kind = format!("{}Aggregate", entity.name);
                    let figures = self.figures(entity, &kind, &fields)?;
                    list.aggregates.push(figures);
                    ConnectionField::Aggregate(list.aggregates.len() - 1)
                }
                "groupBy" => {
                    let slot = self.slot(Slot::Groups {
                        of: entity,
                        arguments: Template::of(fields[0]),
                    });
                    let kind = format!("{}Group", entity.name);
                    let figures = self.figures(entity, &kind, &fields)?;
                    list.groups.push(Groups { slot, figures });
                    ConnectionField::Groups(list.groups.len() - 1)
                }
                _ => return Err(unknown(fields[0])),
            };
            list.fields.push((Key::new(key), field));
        }
        Ok(list)
    }

    fn edges(
        &mut self,
        list: &mut Connection,
        fields: Same<'_, 'a>,
    ) -> Result<Vec<(Key, EdgeField)>, Fault> {
        let mut edges = Vec::new();
        let kind = format!("{}Edge", list.level.entity().name);
        for (key, fields) in self.document.below(fields, &kind) {
            let field = match fields[0].node.name.node.as_str() {
                "__typename" => EdgeField::Typename,
                "cursor" => {
                    list.cursors = true;
                    EdgeField::Cursor
                }
                "node" => EdgeField::Node(self.object(&mut list.level, 0, &fields)?),
                _ => return Err(unknown(fields[0])),
            };
            edges.push((Key::new(key), field));
        }
        Ok(edges)
    }

    fn page(
        &self,
        list: &mut Connection,
        fields: Same<'_, 'a>,
    ) -> Result<Vec<(Key, PageField)>, Fault> {
        let mut page = Vec::new();
        for (key, fields) in self.document.below(fields, "PageInfo") {
            let field = match fields[0].node.name.node.as_str() {
                "__typename" => PageField::Typename,
                "hasNextPage" => PageField::HasNext,
                "hasPreviousPage" => PageField::HasPrevious,
                "startCursor" => PageField::Start,
                "endCursor" => PageField::End,
                _ => return Err(unknown(fields[0])),
            };
            match field {
                PageField::HasNext | PageField::HasPrevious => list.more = true,
                PageField::Start | PageField::End => list.cursors = true,
                PageField::Typename => {}
            }
            page.push((Key::new(key), field));
        }
        Ok(page)
    }
}
