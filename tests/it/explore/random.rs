//! Documents thrown from dice: nested lists, aliases, fragments, variables, directives, filters,
//! orders, pages, figures and groups. All of them are valid, and inside the limits.

use serde_json::Value;
use service::explore::catalog::{Column, Entity, catalog, screaming_case};

use super::dice::Dice;
use super::document::{Directive, Document, Field, Sel, Val, Variable};
use super::reference::{as_text, node_id};
use super::world::{Viewer, World, written};

/// The most aliases that a document may have, with some to spare.
const ALIASES: usize = 12;

/// Throws documents.
pub(super) struct Throw<'a> {
    pub(super) dice: Dice,
    pub(super) world: &'a World,
    pub(super) viewer: Viewer,
    document: Document,
    directives: bool,
    aliases: usize,
    /// Variables that stand for a cursor: each with the list that it is of.
    cursors: Vec<(String, Field)>,
}

/// A document, and the variables of it that must be cursors.
pub(super) struct Thrown {
    pub(super) document: Document,
    pub(super) cursors: Vec<(String, Field)>,
}

impl<'a> Throw<'a> {
    pub(super) fn new(seed: u64, world: &'a World, viewer: Viewer) -> Self {
        Self {
            dice: Dice::new(seed),
            world,
            viewer,
            document: Document::default(),
            directives: true,
            aliases: 0,
            cursors: Vec::new(),
        }
    }

    /// Leave nothing out: what is wrong anywhere is wrong.
    pub(super) fn whole(mut self) -> Thrown {
        self.directives = false;
        self.document()
    }

    pub(super) fn document(mut self) -> Thrown {
        let mut roots = Vec::new();
        for at in 0..=self.dice.below(2) {
            let entity = self.entity();
            let field = match self.dice.below(8) {
                0 => self.single(entity),
                1 => self.node(entity),
                _ => self.list(entity, &entity.plural, 2, true),
            };
            // Roots are never merged by chance.
            let key = format!("r{at}");
            let mut field = Field { key, ..field };
            let twin = if field.sels.len() > 1 && self.dice.chance(15) {
                Some(field.sels.split_off(1))
            } else {
                None
            };
            roots.push(Sel::Field(field.clone()));
            if let Some(sels) = twin {
                // The same root once more, in a fragment.
                let twin = Sel::Field(Field { sels, ..field });
                roots.push(Sel::Inline(None, Vec::new(), vec![twin]));
            }
        }
        self.document.roots = roots;
        // What stood in a part that was thrown away is not declared.
        let declared = std::mem::take(&mut self.document.variables);
        let text = self.document.text();
        let mut words: Vec<&str> = text
            .split(|letter: char| !letter.is_alphanumeric() && letter != '$')
            .collect();
        words.sort_unstable();
        let used = |variable: &Variable| {
            let name = format!("${}", variable.name);
            words.binary_search(&name.as_str()).is_ok()
        };
        self.document.variables = declared.into_iter().filter(used).collect();
        Thrown {
            document: self.document,
            cursors: self.cursors,
        }
    }

    /// An entity that the viewer may ask for.
    pub(super) fn entity(&mut self) -> &'static Entity {
        let all = catalog().entities().iter();
        let all: Vec<_> = all
            .filter(|entity| World::reads_all(entity, self.viewer))
            .collect();
        self.dice.one::<&Entity>(&all)
    }

    /// A row's key, mostly of one that is there.
    fn key(&mut self, entity: &Entity) -> Value {
        let rows = self.world.rows(entity);
        let row = self.dice.one(rows);
        written(entity.key_column().kind, &row[entity.key])
    }

    fn single(&mut self, entity: &'static Entity) -> Field {
        let key = Val::Text(as_text(&self.key(entity)));
        let column = entity.key_column();
        let kind = format!("{}!", column.kind.type_name());
        let key = self.perhaps(key, &kind);
        let mut field = Field::of(&entity.single, self.object(entity, 2));
        field.args.push((column.field.clone(), key));
        field
    }

    fn node(&mut self, entity: &'static Entity) -> Field {
        let rows = self.world.rows(entity);
        let row = self.dice.one(rows);
        let id = self.perhaps(Val::Text(node_id(entity, row)), "ID!");
        let sels = self.object(entity, 2);
        let mut field = Field::of(
            "node",
            vec![Sel::Inline(Some(entity.name.clone()), Vec::new(), sels)],
        );
        field.args.push(("id".to_owned(), id));
        field
    }

    /// A list with its arguments and what is selected of it.
    fn list(&mut self, entity: &'static Entity, name: &str, depth: usize, root: bool) -> Field {
        let mut field = Field::new(name);
        if self.dice.chance(50) {
            let filter = self.filter(entity, 2);
            let filter = self.perhaps(filter, &format!("{}Filter", entity.name));
            field.args.push(("filter".to_owned(), filter));
        }
        if self.dice.chance(50) {
            let order = self.order(entity);
            let order = self.perhaps(order, &format!("[{}Order!]", entity.name));
            field.args.push(("orderBy".to_owned(), order));
        }
        if root {
            for name in ["after", "before"] {
                if self.dice.chance(15) {
                    self.edge(entity, name, &mut field);
                }
            }
        }
        let way = if self.dice.chance(30) {
            "last"
        } else {
            "first"
        };
        let count = Val::Int(i64::try_from(self.dice.below(7)).unwrap());
        let count = self.perhaps(count, "Int");
        field.args.push((way.to_owned(), count));
        field.sels = self.connection(entity, depth);
        field
    }

    /// An edge of a page: the key of a row of the list, until its cursor is known.
    fn edge(&mut self, entity: &'static Entity, name: &str, field: &mut Field) {
        let filter = field.arg("filter").unwrap_or(serde_json::json!({}));
        let mut rows = self.world.seen(entity, self.viewer);
        rows.retain(|row| self.world.satisfies(entity, row, &filter, self.viewer));
        if rows.is_empty() {
            return;
        }
        let row = *self.dice.one(&rows);
        let key = as_text(&written(entity.key_column().kind, &row[entity.key]));
        let variable = self.variable(Val::Text(key), "String", None, true);
        self.cursors.push((variable.clone(), field.clone()));
        let given = self.document.variables.last().unwrap().given.clone();
        let value = Val::Var(variable, given.map(Box::new));
        field.args.push((name.to_owned(), value));
    }

    fn connection(&mut self, entity: &'static Entity, depth: usize) -> Vec<Sel> {
        let mut fields = Vec::new();
        let kind = format!("{}Connection", entity.name);
        if self.dice.chance(70) {
            fields.push(Field::of("nodes", self.object(entity, depth)));
        }
        if self.dice.chance(35) {
            let mut edge = vec![Field::of("node", self.object(entity, depth))];
            edge.extend(self.picked(&["cursor", "__typename"], 50));
            let edge = self.scatter(&format!("{}Edge", entity.name), edge);
            fields.push(Field::of("edges", edge));
        }
        if self.dice.chance(35) {
            let names = [
                "hasNextPage",
                "hasPreviousPage",
                "startCursor",
                "endCursor",
                "__typename",
            ];
            let mut page = self.picked(&names, 60);
            page.push(Field {
                key: "next".to_owned(),
                ..Field::new("hasNextPage")
            });
            self.aliases += 1;
            fields.push(Field::of("pageInfo", self.scatter("PageInfo", page)));
        }
        if self.dice.chance(25) {
            let figures = self.figures(entity);
            let kind = format!("{}Aggregate", entity.name);
            fields.push(Field::of("aggregate", self.scatter(&kind, figures)));
        }
        if self.dice.chance(25) {
            fields.push(self.groups(entity));
        }
        if fields.is_empty() || self.dice.chance(30) {
            fields.push(Field::new("totalCount"));
        }
        fields.extend(self.picked(&["__typename"], 10));
        self.scatter(&kind, fields)
    }

    pub(super) fn picked(&mut self, names: &[&str], percent: usize) -> Vec<Field> {
        let picked = self.dice.some(names, percent);
        picked.into_iter().map(Field::new).collect()
    }

    /// What is selected of a row.
    fn object(&mut self, entity: &'static Entity, depth: usize) -> Vec<Sel> {
        let mut fields = self.picked(&["__typename", "nodeId"], 10);
        for _ in 0..=self.dice.below(5) {
            let column = self.dice.one(&entity.columns);
            if fields.iter().all(|field| field.name != column.field) {
                fields.push(Field::new(&column.field));
            }
        }
        let relations = self.dice.below(3);
        for _ in 0..relations {
            if depth == 0 || entity.relations.is_empty() {
                break;
            }
            let relation = self.dice.one(&entity.relations);
            let target = relation.target();
            let known = fields.iter().any(|field| field.name == relation.field);
            if (known && self.aliases > ALIASES) || !World::reads_all(target, self.viewer) {
                continue;
            }
            let mut field = if relation.many {
                self.list(target, &relation.field, depth - 1, false)
            } else {
                Field::of(&relation.field, self.object(target, depth - 1))
            };
            if known {
                self.aliases += 1;
                field.key = format!("again{}", self.aliases);
            }
            fields.push(field);
        }
        self.scatter(&entity.name, fields)
    }

    /// Aliases, fragments, directives and fields said twice, where they change nothing or what is
    /// known.
    pub(super) fn scatter(&mut self, on: &str, fields: Vec<Field>) -> Vec<Sel> {
        let mut sels = Vec::new();
        for mut field in fields {
            if self.dice.chance(12) && self.aliases < ALIASES && field.key == field.name {
                self.aliases += 1;
                field.key = format!("alias{}", self.aliases);
            }
            // The library does not look for variables in the directives of `__typename`.
            if self.dice.chance(8) && field.name != "__typename" {
                field.directives.extend(self.directive());
            }
            if self.dice.chance(8) && (field.sels.len() > 1 || field.sels.is_empty()) {
                // The same field twice, each with a part of what is selected.
                let mut twin = field.clone();
                twin.sels = field.sels.split_off(field.sels.len() / 2);
                sels.push(Sel::Field(twin));
            }
            // What is said twice counts twice, with all that is below it.
            let small = field.sels.len() < 3 && field.sels.iter().all(Sel::is_leaf);
            let sel = Sel::Field(field);
            let sel = match self.dice.below(20) {
                0 => Sel::Inline(None, Vec::new(), vec![sel]),
                1 => Sel::Inline(
                    Some(on.to_owned()),
                    self.directive().into_iter().collect(),
                    vec![sel],
                ),
                2 | 3 => {
                    self.document.fragments.push((on.to_owned(), vec![sel]));
                    let spread = Sel::Spread(self.document.fragments.len() - 1, Vec::new());
                    if small && self.dice.chance(30) {
                        sels.push(spread.clone());
                    }
                    spread
                }
                _ => sel,
            };
            sels.push(sel);
        }
        sels
    }

    fn directive(&mut self) -> Option<Directive> {
        if !self.directives {
            return None;
        }
        let value = Val::Bool(self.dice.chance(50));
        let include = self.dice.chance(50);
        let value = self.perhaps(value, "Boolean!");
        Some(Directive { include, value })
    }

    /// The value itself, or a variable that stands for it.
    pub(super) fn perhaps(&mut self, value: Val, kind: &str) -> Val {
        if self.dice.chance(75) {
            return value;
        }
        let (default, given) = match self.dice.below(3) {
            0 => (None, true),
            1 => (Some(value.clone()), false),
            _ => (Some(value.clone()), true),
        };
        let kind = match default {
            Some(_) => kind.trim_end_matches('!'),
            None => kind,
        };
        // Variables have no variables in their values.
        if value.has_variables() {
            return value;
        }
        let name = self.variable(value.clone(), kind, default, given);
        Val::Var(name, Some(Box::new(value)))
    }

    fn variable(&mut self, value: Val, kind: &str, default: Option<Val>, given: bool) -> String {
        let name = format!("v{}", self.document.variables.len());
        self.document.variables.push(Variable {
            name: name.clone(),
            kind: kind.to_owned(),
            default,
            given: given.then_some(value),
        });
        name
    }

    fn order(&mut self, entity: &Entity) -> Val {
        let columns = entity
            .columns
            .iter()
            .filter(|column| column.kind.is_ordered());
        let columns: Vec<&Column> = columns.collect();
        let mut terms = Vec::new();
        for _ in 0..=self.dice.below(3) {
            let column = *self.dice.one(&columns);
            let name = screaming_case(&column.field);
            if terms.iter().all(|(known, _)| *known != name) {
                terms.push((name, self.dice.chance(50)));
            }
        }
        let word = |(name, down): (String, bool)| {
            Val::Word(format!("{name}_{}", if down { "DESC" } else { "ASC" }))
        };
        Val::List(terms.into_iter().map(word).collect())
    }
}
