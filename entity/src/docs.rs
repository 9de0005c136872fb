//! What the entities' doc comments say, as data. The derives drop them; the build script reads them
//! again from the source.

/// An entity's sentences.
#[derive(Debug)]
pub struct EntityDocs {
    /// The domain: the entity's folder.
    pub domain: &'static str,
    /// The entity's name: its file.
    pub name: &'static str,
    /// What a row is.
    pub doc: &'static str,
    /// Its fields, relations included, in their order.
    pub fields: &'static [FieldDocs],
}

/// A field's sentences.
#[derive(Debug)]
pub struct FieldDocs {
    /// What the field is called in Rust.
    pub name: &'static str,
    /// The column, unless it is a relation.
    pub column: &'static str,
    /// The relation's name in the registry, if it is one.
    pub relation: Option<&'static str>,
    /// The Rust type's own name, inside an `Option`.
    pub kind: &'static str,
    /// The column's default.
    pub default: Option<&'static str>,
    /// What it is.
    pub doc: &'static str,
}

/// An enum's sentences.
#[derive(Debug)]
pub struct EnumDocs {
    /// The enum's name in the database.
    pub name: &'static str,
    /// What it tells.
    pub doc: &'static str,
    /// Its values, each with its meaning.
    pub values: &'static [(&'static str, &'static str)],
}

include!(concat!(env!("OUT_DIR"), "/docs.rs"));

/// The sentences of an entity.
pub fn of(domain: &str, name: &str) -> Option<&'static EntityDocs> {
    let is = |docs: &&EntityDocs| docs.domain == domain && docs.name == name;
    ENTITIES.iter().find(is)
}

/// The sentences of an enum, by its name in the database.
pub fn of_enum(name: &str) -> Option<&'static EnumDocs> {
    ENUMS.iter().find(|docs| docs.name == name)
}

impl EntityDocs {
    /// The field on `column`.
    pub fn column(&self, column: &str) -> Option<&'static FieldDocs> {
        let is = |field: &&FieldDocs| field.relation.is_none() && field.column == column;
        self.fields.iter().find(is)
    }

    /// The field of the relation that the registry calls `name`.
    pub fn relation(&self, name: &str) -> Option<&'static FieldDocs> {
        self.fields
            .iter()
            .find(|field| field.relation == Some(name))
    }
}
