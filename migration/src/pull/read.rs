//! Entities read from Rust files, without compiling them.
//!
//! Everything carries the place in the text that it came from, so that a change touches nothing
//! else.

use std::collections::BTreeMap;
use std::ops::Range;

use syn::parse::ParseStream;
use syn::spanned::Spanned as _;
use syn::{Expr, ExprLit, Lit, Token};

use super::entity::{Entity, EnumType, Field, Key};
use super::kind::Kind;
use crate::error::Error;
use crate::schema::literal;

/// A file with an entity in it.
#[derive(Clone, Debug, Default)]
pub(super) struct File {
    /// The entity, where there is one. Its keys lead to modules, not to tables.
    pub(super) entity: Option<Entity>,
    /// The fields of the entity's columns, in the order of `entity.columns`.
    pub(super) columns: Vec<Place>,
    /// The fields of its foreign keys, in the order of `entity.keys`.
    pub(super) keys: Vec<Place>,
    /// The modules that its other relations lead to, and where they stand.
    pub(super) others: Vec<(String, Place)>,
    /// Where the model's fields end.
    pub(super) end: usize,
    /// The enums that are types of the database.
    pub(super) enums: Vec<EnumPlace>,
    /// Types of one field, by name, and what is in them.
    pub(super) wrapped: BTreeMap<String, String>,
}

/// An enum, where it stands, and where each of its values does.
type EnumPlace = (EnumType, Range<usize>, Vec<(String, Range<usize>)>);

/// Where a field stands.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Its name.
    pub(super) name: String,
    /// All of it, with its attributes and documentation.
    pub(super) whole: Range<usize>,
    /// The attributes that are not `SeaORM`'s, with the documentation.
    pub(super) kept: Vec<Range<usize>>,
    /// The Rust type, without `Option`, as it is written.
    pub(super) rust: String,
}

/// What stands in `#[sea_orm(…)]`: names, and values where they have some.
type Said = BTreeMap<String, Option<Expr>>;

/// Read a file; `path` is for what is said of mistakes.
pub(super) fn file(path: &str, text: &str) -> Result<File, Error> {
    let bad = |error: &syn::Error| {
        let at = error.span().start();
        Error::Option(format!("{path}:{}:{}: {error}", at.line, at.column + 1))
    };
    let parsed = syn::parse_file(text).map_err(|error| bad(&error))?;
    let mut file = File::default();
    for item in &parsed.items {
        match item {
            syn::Item::Struct(one) => {
                structure(&mut file, text, one).map_err(|error| bad(&error))?;
            }
            syn::Item::Enum(one) => {
                enumeration(&mut file, one).map_err(|error| bad(&error))?;
            }
            _ => {}
        }
    }
    Ok(file)
}

/// The modules that a file names: `pub mod a;`.
pub(super) fn modules(path: &str, text: &str) -> Result<Vec<(String, Range<usize>)>, Error> {
    let parsed =
        syn::parse_file(text).map_err(|error| Error::Option(format!("{path}: {error}")))?;
    let modules = parsed.items.iter().filter_map(|item| match item {
        syn::Item::Mod(one) if one.content.is_none() => {
            Some((bare(&one.ident.to_string()), one.span().byte_range()))
        }
        _ => None,
    });
    Ok(modules.collect())
}

/// A name without `r#`.
fn bare(name: &str) -> String {
    name.strip_prefix("r#").unwrap_or(name).to_owned()
}

fn said(attributes: &[syn::Attribute]) -> syn::Result<Said> {
    let mut said = Said::new();
    for attribute in attributes
        .iter()
        .filter(|one| one.path().is_ident("sea_orm"))
    {
        if matches!(attribute.meta, syn::Meta::Path(_)) {
            continue;
        }
        attribute.parse_args_with(|input: ParseStream<'_>| {
            while !input.is_empty() {
                let name: syn::Path = input.parse()?;
                let value = if input.peek(Token![=]) {
                    input.parse::<Token![=]>()?;
                    Some(input.parse::<Expr>()?)
                } else {
                    None
                };
                if let Some(name) = name.get_ident() {
                    said.insert(name.to_string(), value);
                }
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(())
        })?;
    }
    Ok(said)
}

fn text_of(said: &Said, name: &str) -> Option<String> {
    match said.get(name)? {
        Some(Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        })) => Some(text.value()),
        _ => None,
    }
}

fn derives(attributes: &[syn::Attribute], name: &str) -> bool {
    let mut found = false;
    for attribute in attributes
        .iter()
        .filter(|one| one.path().is_ident("derive"))
    {
        let read = attribute.parse_nested_meta(|meta| {
            let last = meta.path.segments.last();
            found |= last.is_some_and(|last| last.ident == name);
            Ok(())
        });
        found &= read.is_ok();
    }
    found
}

fn structure(file: &mut File, text: &str, item: &syn::ItemStruct) -> syn::Result<()> {
    if let syn::Fields::Unnamed(fields) = &item.fields
        && fields.unnamed.len() == 1
        && derives(&item.attrs, "DeriveValueType")
    {
        let inside = &text[fields.unnamed[0].ty.span().byte_range()];
        file.wrapped
            .insert(item.ident.to_string(), inside.to_owned());
        return Ok(());
    }
    if !derives(&item.attrs, "DeriveEntityModel") {
        return Ok(());
    }
    let mut entity = Entity {
        table: text_of(&said(&item.attrs)?, "table_name").unwrap_or_default(),
        ..Entity::default()
    };
    for field in &item.fields {
        let said = said(&field.attrs)?;
        if said.contains_key("ignore") {
            continue;
        }
        let place = place(text, field);
        let written: String = text[field.ty.span().byte_range()]
            .split_whitespace()
            .collect();
        let relation = ["BelongsTo<", "HasMany<", "HasOne<"]
            .iter()
            .find_map(|head| written.strip_prefix(head));
        if let Some(other) = relation {
            relation_of(file, &mut entity, &said, &written, other, place);
        } else {
            entity.columns.push(column(field, &said, &place, &written)?);
            file.columns.push(place);
        }
    }
    // One integer key is counted up unless it is said otherwise.
    let keys = entity.columns.iter().filter(|one| one.primary).count();
    for column in &mut entity.columns {
        column.counted &= keys == 1;
    }
    if let syn::Fields::Named(fields) = &item.fields {
        file.end = fields.brace_token.span.close().byte_range().start;
    }
    file.entity = Some(entity);
    Ok(())
}

fn place(text: &str, field: &syn::Field) -> Place {
    let kept = field
        .attrs
        .iter()
        .filter(|one| !one.path().is_ident("sea_orm"));
    let written: String = text[field.ty.span().byte_range()].to_owned();
    let rust = written
        .strip_prefix("Option<")
        .and_then(|rest| rest.strip_suffix('>'))
        .unwrap_or(&written);
    let ident = field.ident.as_ref().map(ToString::to_string);
    Place {
        name: bare(&ident.unwrap_or_default()),
        whole: field.span().byte_range(),
        kept: kept.map(|one| one.span().byte_range()).collect(),
        rust: rust.to_owned(),
    }
}

fn column(field: &syn::Field, said: &Said, place: &Place, written: &str) -> syn::Result<Field> {
    let primary = said.contains_key("primary_key");
    let auto = match said.get("auto_increment") {
        Some(Some(Expr::Lit(ExprLit {
            lit: Lit::Bool(value),
            ..
        }))) => value.value,
        _ => !["String", "Uuid"]
            .iter()
            .any(|kind| place.rust.ends_with(kind)),
    };
    let default = match (said.get("default_value"), said.get("default_expr")) {
        (Some(Some(value)), _) => Some(value_sql(value)?),
        (_, Some(Some(value))) => Some(expression_sql(value)?),
        _ => None,
    };
    let rust: String = place.rust.split_whitespace().collect();
    let rust = rust.rsplit("::").next().unwrap_or(&rust).to_owned();
    let name = field.ident.as_ref().map(ToString::to_string);
    Ok(Field {
        column: text_of(said, "column_name").unwrap_or_else(|| bare(&name.unwrap_or_default())),
        kind: Kind {
            rust,
            said: text_of(said, "column_type"),
        },
        nullable: written.starts_with("Option<") || said.contains_key("nullable"),
        primary,
        counted: primary && auto,
        unique: said.contains_key("unique"),
        default,
        extra: text_of(said, "extra"),
    })
}

/// A constant as SQL.
fn value_sql(value: &Expr) -> syn::Result<String> {
    match value {
        Expr::Lit(ExprLit { lit, .. }) => Ok(match lit {
            Lit::Str(text) => literal(&text.value()),
            Lit::Int(number) => number.base10_digits().to_owned(),
            Lit::Float(number) => number.base10_digits().to_owned(),
            Lit::Bool(value) => value.value.to_string(),
            _ => return Err(syn::Error::new(value.span(), "a default of no known kind")),
        }),
        Expr::Unary(one) => Ok(format!("-{}", value_sql(&one.expr)?)),
        _ => Err(syn::Error::new(value.span(), "a default of no known kind")),
    }
}

/// An expression of `SeaQuery` as SQL: those that can be told without running it.
fn expression_sql(value: &Expr) -> syn::Result<String> {
    let Expr::Lit(ExprLit {
        lit: Lit::Str(text),
        ..
    }) = value
    else {
        return Err(syn::Error::new(value.span(), "default_expr wants a text"));
    };
    let told = text.value();
    let squeezed: String = told.split_whitespace().collect();
    if squeezed.ends_with("current_timestamp()") {
        return Ok("CURRENT_TIMESTAMP".to_owned());
    }
    let call: syn::ExprCall = syn::parse_str(&told)?;
    match call.args.first() {
        Some(Expr::Lit(ExprLit {
            lit: Lit::Str(sql), ..
        })) if squeezed.contains("cust(") => Ok(sql.value()),
        _ => Err(syn::Error::new(
            value.span(),
            "only Rust knows what this is in SQL: say Expr::cust(\"…\")",
        )),
    }
}

fn relation_of(
    file: &mut File,
    entity: &mut Entity,
    said: &Said,
    written: &str,
    other: &str,
    place: Place,
) {
    let other = other.trim_end_matches('>').trim_start_matches("Option<");
    let path: Vec<&str> = other.split("::").collect();
    // `super::run::Entity` leads to the module `run`, `Entity` to this one.
    let module = path
        .iter()
        .rev()
        .nth(1)
        .map(|name| bare(name))
        .unwrap_or_default();
    let list = |name: &str| -> Vec<String> {
        let text = text_of(said, name).unwrap_or_default();
        let text = text.trim_matches(['(', ')']);
        let names = text.split(',').map(str::trim);
        names
            .filter(|one| !one.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let from = list("from");
    if written.starts_with("BelongsTo<") && !from.is_empty() && !said.contains_key("skip_fk") {
        entity.keys.push(Key {
            columns: from,
            table: module,
            others: list("to"),
            on_delete: text_of(said, "on_delete").filter(|rule| rule != "NoAction"),
            on_update: text_of(said, "on_update").filter(|rule| rule != "NoAction"),
        });
        file.keys.push(place);
    } else {
        file.others.push((module, place));
    }
}

fn enumeration(file: &mut File, item: &syn::ItemEnum) -> syn::Result<()> {
    if !derives(&item.attrs, "DeriveActiveEnum") {
        return Ok(());
    }
    let Some(name) = text_of(&said(&item.attrs)?, "enum_name") else {
        return Ok(());
    };
    let mut values = Vec::new();
    for variant in &item.variants {
        let value = text_of(&said(&variant.attrs)?, "string_value");
        let value = value.unwrap_or_else(|| variant.ident.to_string());
        values.push((value, variant.span().byte_range()));
    }
    let kind = EnumType {
        rust: item.ident.to_string(),
        name,
        values: values.iter().map(|(value, _)| value.clone()).collect(),
    };
    file.enums.push((kind, item.span().byte_range(), values));
    Ok(())
}
