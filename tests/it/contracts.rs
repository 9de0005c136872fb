//! The generated contract files are what the code says.

fn same(path: &str, made: &str) {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(path);
    let kept = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        kept.trim() == made.trim(),
        "{path} is stale: run `.ci/run generate`"
    );
}

#[test]
fn the_openapi_document_is_up_to_date() {
    same("openapi.json", &api::openapi().to_pretty_json().unwrap());
}

#[test]
fn the_error_codes_are_up_to_date() {
    same("docs/errors.md", &api::error::document());
    same("docs/settings.md", &api::config::document());
}

#[test]
fn the_graphql_schema_is_up_to_date() {
    same("schema.graphql", &api::graphql::sdl());
}
