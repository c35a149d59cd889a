//! Registers the GraphQL schema for the typed operations and turns `locales/` into the typed catalogue.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    error::Error,
    fmt::Write,
    fs,
    path::Path,
};

use serde_json::Value;

/// Files of `locales/`, in the order of the console's `Locale`.
const LANGUAGES: [&str; 2] = ["en", "ja"];

/// One text in one language: for one, and for any other number.
#[derive(Debug, Default, Clone)]
struct Forms {
    one: Option<String>,
    other: Option<String>,
}

/// The texts of one language by group and key.
type Texts = BTreeMap<(String, String), Forms>;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    cynic_codegen::register_schema("berth")
        .from_sdl_file("../graphql/schema.graphql")?
        .as_default()?;
    println!("cargo::rerun-if-changed=locales");
    let mut languages = Vec::new();
    for language in LANGUAGES {
        languages.push(read(language)?);
    }
    let out = Path::new(&env::var("OUT_DIR")?).join("texts.rs");
    Ok(fs::write(out, catalogue(&languages)?)?)
}

/// Reads a file of groups of texts. `key_one` and `key_other` are two forms of `key`.
fn read(language: &str) -> Result<Texts, Box<dyn Error>> {
    let file = fs::read_to_string(format!("locales/{language}.json"))?;
    let groups: BTreeMap<String, BTreeMap<String, Value>> = serde_json::from_str(&file)?;
    let mut texts = Texts::new();
    for (group, keys) in groups {
        for (key, text) in keys {
            let text = text
                .as_str()
                .ok_or_else(|| format!("`{group}.{key}` of `{language}` is no text"))?
                .to_owned();
            if let Some(key) = key.strip_suffix("_one") {
                let forms = texts.entry((group.clone(), key.to_owned())).or_default();
                forms.one = Some(text);
            } else {
                let key = key.strip_suffix("_other").unwrap_or(&key);
                let forms = texts.entry((group.clone(), key.to_owned())).or_default();
                forms.other = Some(text);
            }
        }
    }
    Ok(texts)
}

/// The Rust source of the catalogue: a table of texts for each language, and a constant for each key. A key that
/// one language lacks, or whose arguments differ, ends the build.
fn catalogue(languages: &[Texts]) -> Result<String, Box<dyn Error>> {
    let keys: BTreeSet<_> = languages.iter().flat_map(|texts| texts.keys()).collect();
    let mut tables = vec![String::new(); languages.len()];
    let mut modules: BTreeMap<&str, String> = BTreeMap::new();
    let mut at = 0_usize;
    for (group, key) in keys {
        let mut all = Vec::new();
        for (language, texts) in LANGUAGES.iter().zip(languages) {
            let found = texts.get(&(group.clone(), key.clone()));
            match found.and_then(|forms| Some((forms.one.clone(), forms.other.clone()?))) {
                Some(forms) => all.push(forms),
                None => println!("cargo::error=`{group}.{key}` is missing in `{language}`"),
            }
        }
        if all.len() < languages.len() {
            continue;
        }
        let names = arguments(&all[0].1);
        for (language, (_, other)) in LANGUAGES.iter().zip(&all) {
            if arguments(other) != names {
                println!("cargo::error=the arguments of `{group}.{key}` differ in `{language}`");
            }
        }
        let plural = all.iter().any(|(one, _)| one.is_some());
        for (table, (one, other)) in tables.iter_mut().zip(&all) {
            if plural {
                write!(table, "{:?},", one.as_ref().unwrap_or(other))?;
            }
            write!(table, "{other:?},")?;
        }
        let module = modules.entry(group).or_default();
        let kind = match (names.len(), plural) {
            (0, false) => "Text".to_owned(),
            (count, false) => format!("Phrase<{count}>"),
            (count, true) => format!("Plural<{count}>"),
        };
        let maker = kind.split('<').next().unwrap_or(&kind);
        write!(
            module,
            "pub(crate) const {key}: super::super::{kind} = super::super::{maker}({at});"
        )?;
        if !names.is_empty() {
            write!(module, "pub(crate) mod {key} {{")?;
            for name in names {
                write!(module, "pub(crate) const {name}: &str = {name:?};")?;
            }
            write!(module, "}}")?;
        }
        at += if plural { 2 } else { 1 };
    }
    let mut source = String::new();
    write!(source, "static TEXTS: [[&str; {at}]; {}] = [", tables.len())?;
    for table in tables {
        write!(source, "[{table}],")?;
    }
    write!(
        source,
        "];\n#[expect(non_upper_case_globals, reason = \"named as in `locales/`\")]\npub(crate) mod texts {{"
    )?;
    for (group, module) in modules {
        writeln!(source, "pub(crate) mod {group} {{ {module} }}")?;
    }
    write!(source, "}}")?;
    Ok(source)
}

/// The names in `{{ name }}` of a text.
fn arguments(text: &str) -> BTreeSet<String> {
    let parts = text.split("{{").skip(1);
    parts
        .filter_map(|part| part.split_once("}}"))
        .map(|(name, _)| name.trim().to_owned())
        .collect()
}
