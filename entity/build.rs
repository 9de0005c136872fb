//! Reads the entities' source for what the derives drop: the sentences over structs, fields, enums
//! and their values, and what a relation's field is called. `src/docs.rs` includes the result.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use syn::punctuated::Punctuated;
use syn::{
    Attribute, Expr, ExprLit, Fields, GenericArgument, Item, Lit, Meta, PathArguments, Token, Type,
};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src");
    let mut entities = String::new();
    let mut enums = String::new();
    for file in sources(Path::new("src"))? {
        let source = syn::parse_file(&fs::read_to_string(&file)?)?;
        let name = file
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        let domain = file
            .parent()
            .and_then(Path::file_name)
            .and_then(|dir| dir.to_str());
        for item in &source.items {
            match item {
                Item::Struct(item) if item.ident == "Model" => {
                    let fields = fields(&item.fields)?;
                    writeln!(
                        entities,
                        "EntityDocs {{ domain: {:?}, name: {name:?}, doc: {:?}, fields: &[{fields}] }},",
                        domain.unwrap_or_default(),
                        doc(&item.attrs),
                    )?;
                }
                Item::Enum(item) => {
                    let Some(name) = setting(&item.attrs, "enum_name")? else {
                        continue;
                    };
                    let mut values = String::new();
                    for variant in &item.variants {
                        let value = setting(&variant.attrs, "string_value")?;
                        let value = value.unwrap_or_else(|| variant.ident.to_string());
                        write!(values, "({value:?}, {:?}), ", doc(&variant.attrs))?;
                    }
                    writeln!(
                        enums,
                        "EnumDocs {{ name: {name:?}, doc: {:?}, values: &[{values}] }},",
                        doc(&item.attrs),
                    )?;
                }
                _ => {}
            }
        }
    }
    let out = PathBuf::from(out_dir()?).join("docs.rs");
    let text = format!(
        "static ENTITIES: &[EntityDocs] = &[\n{entities}];\nstatic ENUMS: &[EnumDocs] = &[\n{enums}];\n"
    );
    Ok(fs::write(out, text)?)
}

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script by the environment"
)]
fn out_dir() -> Result<String, std::env::VarError> {
    std::env::var("OUT_DIR")
}

fn sources(dir: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn fields(fields: &Fields) -> Result<String, Box<dyn Error>> {
    let mut out = String::new();
    for field in fields {
        let Some(name) = &field.ident else { continue };
        let (kind, relation) = match target(&field.ty) {
            Some(entity) => {
                let named = setting(&field.attrs, "relation_enum")?.map(|name| snake_case(&name));
                (String::new(), Some(named.unwrap_or(entity)))
            }
            None => (last(&field.ty), None),
        };
        let column = setting(&field.attrs, "column_name")?.unwrap_or_else(|| name.to_string());
        let default = setting(&field.attrs, "default_value")?;
        write!(
            out,
            "FieldDocs {{ name: {:?}, column: {column:?}, relation: {relation:?}, kind: {kind:?}, \
             default: {default:?}, doc: {:?} }}, ",
            name.to_string(),
            doc(&field.attrs),
        )?;
    }
    Ok(out)
}

/// The sentences of a doc comment, its lines joined.
fn doc(attrs: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attr in attrs {
        if let Meta::NameValue(pair) = &attr.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) = &pair.value
        {
            lines.push(text.value().trim().to_owned());
        }
    }
    lines.join(" ").trim().to_owned()
}

/// `key = "…"` of a `sea_orm` attribute.
fn setting(attrs: &[Attribute], key: &str) -> Result<Option<String>, Box<dyn Error>> {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("sea_orm")) {
        let Meta::List(list) = &attr.meta else {
            continue;
        };
        for meta in list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)? {
            if let Meta::NameValue(pair) = meta
                && pair.path.is_ident(key)
                && let Expr::Lit(ExprLit { lit, .. }) = pair.value
            {
                return Ok(Some(match lit {
                    Lit::Str(text) => text.value(),
                    Lit::Int(number) => number.to_string(),
                    Lit::Bool(truth) => truth.value.to_string(),
                    _ => continue,
                }));
            }
        }
    }
    Ok(None)
}

/// The module of the entity that a relation's field leads to.
fn target(ty: &Type) -> Option<String> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last()?;
    let name = segment.ident.to_string();
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    let GenericArgument::Type(inner) = arguments.args.first()? else {
        return None;
    };
    let Type::Path(inner_path) = inner else {
        return None;
    };
    let last = inner_path.path.segments.last()?;
    match name.as_str() {
        "HasMany" | "HasOne" | "BelongsTo" if last.ident == "Option" => {
            let PathArguments::AngleBracketed(inner) = &last.arguments else {
                return None;
            };
            let GenericArgument::Type(inner) = inner.args.first()? else {
                return None;
            };
            module(inner)
        }
        "HasMany" | "HasOne" | "BelongsTo" => module(inner),
        _ => None,
    }
}

fn module(ty: &Type) -> Option<String> {
    let Type::Path(path) = ty else { return None };
    let segments: Vec<_> = path
        .path
        .segments
        .iter()
        .map(|part| part.ident.to_string())
        .collect();
    // `Entity` alone is the table itself.
    segments
        .len()
        .checked_sub(2)
        .map_or(Some(String::new()), |at| segments.get(at).cloned())
}

/// The type's own name, inside an `Option`.
fn last(ty: &Type) -> String {
    let Type::Path(path) = ty else {
        return String::new();
    };
    let Some(segment) = path.path.segments.last() else {
        return String::new();
    };
    if let PathArguments::AngleBracketed(arguments) = &segment.arguments
        && segment.ident == "Option"
        && let Some(GenericArgument::Type(inner)) = arguments.args.first()
    {
        return last(inner);
    }
    segment.ident.to_string()
}

fn snake_case(name: &str) -> String {
    let mut out = String::new();
    for (at, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && at > 0 {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}
