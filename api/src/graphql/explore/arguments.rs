//! Arguments: kept as the document has them, and made to JSON with the variables of a request.
//!
//! A variable that is not given leaves its argument out, as the specification asks, and only at the
//! top: inside a filter "no value" would mean "no condition", and answer everybody's rows.

use async_graphql::parser::types::{Field, VariableDefinition};
use async_graphql::{Name, Pos, Positioned, Value as Constant, Variables};
use async_graphql_value::Value;
use serde_json::Value as Json;
use service::explore::bind::Args;

use super::fault::Fault;

/// The variables of a request, and what the operation says of them.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub definitions: &'a [Positioned<VariableDefinition>],
    pub values: &'a Variables,
}

impl<'a> Given<'a> {
    fn get(&self, name: &Name) -> Option<&'a Constant> {
        let definition = self.definition(name)?;
        let default = definition.default_value.as_ref();
        let value = self.values.get(&definition.name.node);
        value.or_else(|| default.map(|value| &value.node))
    }

    fn definition(&self, name: &Name) -> Option<&'a VariableDefinition> {
        let mut definitions = self.definitions.iter();
        let found = definitions.find(|definition| definition.node.name.node == *name);
        found.map(|definition| &definition.node)
    }

    /// The truth that `value` is.
    pub(super) fn truth(&self, value: &Value) -> Option<bool> {
        match value {
            Value::Boolean(truth) => Some(*truth),
            Value::Variable(name) => match self.get(name)? {
                Constant::Boolean(truth) => Some(*truth),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The arguments of a field, whatever the request.
#[derive(Debug)]
pub(super) struct Template {
    arguments: Vec<Argument>,
    /// Where the field is.
    pub at: Pos,
}

#[derive(Debug)]
struct Argument {
    name: String,
    value: Part,
    at: Pos,
}

#[derive(Debug)]
enum Part {
    /// The same for every request.
    Fixed(Json),
    /// With variables.
    Open(Value),
}

impl Template {
    /// The arguments of `field`.
    pub(super) fn of(field: &Positioned<Field>) -> Self {
        let argument = |(name, value): &(Positioned<Name>, Positioned<Value>)| Argument {
            name: name.node.to_string(),
            value: match value.node.clone().into_const() {
                Some(value) => Part::Fixed(json(&value)),
                None => Part::Open(value.node.clone()),
            },
            at: value.pos,
        };
        Self {
            arguments: field.node.arguments.iter().map(argument).collect(),
            at: field.pos,
        }
    }

    /// The arguments of a request.
    pub(super) fn fill(&self, given: Given<'_>) -> Result<Args, Fault> {
        let mut args = Args::new();
        for Argument { name, value, at } in &self.arguments {
            let value = match value {
                Part::Fixed(value) => value.clone(),
                Part::Open(Value::Variable(variable)) => match given.get(variable) {
                    Some(value) => json(value),
                    None if required(given, variable) => return Err(missing(variable, *at)),
                    None => continue,
                },
                Part::Open(value) => resolve(value, given, *at)?,
            };
            args.insert(name.clone(), value);
        }
        Ok(args)
    }
}

fn required(given: Given<'_>, variable: &Name) -> bool {
    let definition = given.definition(variable);
    definition.is_none_or(|definition| !definition.var_type.node.nullable)
}

fn missing(variable: &Name, at: Pos) -> Fault {
    Fault::Request(format!("the variable ${variable} is not given"), at)
}

fn resolve(value: &Value, given: Given<'_>, at: Pos) -> Result<Json, Fault> {
    Ok(match value {
        Value::Variable(name) => match given.get(name) {
            Some(value) => json(value),
            None => return Err(missing(name, at)),
        },
        Value::List(items) => {
            let items = items.iter().map(|item| resolve(item, given, at));
            Json::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let members = members.iter();
            let members =
                members.map(|(name, value)| Ok((name.to_string(), resolve(value, given, at)?)));
            Json::Object(members.collect::<Result<_, Fault>>()?)
        }
        other => other
            .clone()
            .into_const()
            .map_or(Json::Null, |value| json(&value)),
    })
}

/// A constant as JSON; a word becomes a text.
fn json(value: &Constant) -> Json {
    match value {
        Constant::Null | Constant::Binary(_) => Json::Null,
        Constant::Number(number) => Json::Number(number.clone()),
        Constant::String(text) => Json::String(text.clone()),
        Constant::Boolean(truth) => Json::Bool(*truth),
        Constant::Enum(word) => Json::String(word.to_string()),
        Constant::List(items) => Json::Array(items.iter().map(json).collect()),
        Constant::Object(members) => {
            let members = members.iter();
            Json::Object(
                members
                    .map(|(name, value)| (name.to_string(), json(value)))
                    .collect(),
            )
        }
    }
}
