//! Registers the GraphQL schema for the typed operations and turns `locales/` into the typed catalogue.

use std::{env, error::Error, fs, path::Path};

use leptos_i18n_parser::parse_locales::{
    options::{Config, ParseOptions},
    parse_locales,
};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    cynic_codegen::register_schema("berth")
        .from_sdl_file("../graphql/schema.graphql")?
        .as_default()?;
    texts()
}

/// A key that one language lacks is a warning upstream and an error here.
fn texts() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=locales");
    let config = Config::new("en")
        .and_then(|config| config.add_locale("ja"))
        .map_err(|e| e.to_string())?
        .parse_options(ParseOptions::new().interpolate_display(true));
    let locales = parse_locales(None, config).map_err(|e| e.to_string())?;
    for warning in locales.diag.warnings().iter() {
        println!("cargo::error={warning}");
    }
    for error in locales.diag.errors().iter() {
        println!("cargo::error={error}");
    }
    let code = leptos_i18n_codegen::gen_code(&locales, None, false, None, false)
        .map_err(|e| e.to_string())?;
    let out = Path::new(&env::var("OUT_DIR")?).join("i18n.rs");
    Ok(fs::write(out, code.to_string())?)
}
