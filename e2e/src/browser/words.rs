//! The texts of the console, as its catalogues have them.

use std::collections::{BTreeMap, BTreeSet};

const ENGLISH: &str = include_str!("../../../frontend/locales/en.json");
const JAPANESE: &str = include_str!("../../../frontend/locales/ja.json");

/// The texts of one language.
#[derive(Debug)]
pub struct Words {
    language: &'static str,
    texts: BTreeMap<String, String>,
}

impl Words {
    /// Those of a language, `en` or `ja`.
    pub fn of(language: &'static str) -> Self {
        let catalogue = match language {
            "en" => ENGLISH,
            "ja" => JAPANESE,
            _ => panic!("there is no catalogue of `{language}`"),
        };
        let groups: BTreeMap<String, BTreeMap<String, String>> =
            serde_json::from_str(catalogue).expect("a catalogue is groups of texts");
        let texts = groups.into_iter().flat_map(|(group, texts)| {
            let texts = texts.into_iter();
            texts.map(move |(key, text)| (format!("{group}.{key}"), text))
        });
        Self {
            language,
            texts: texts.collect(),
        }
    }

    /// A text by group and key, such as `teams.create`; where it has forms for numbers, that for more than one.
    pub fn get(&self, key: &str) -> &str {
        let texts = &self.texts;
        let text = texts
            .get(key)
            .or_else(|| texts.get(&format!("{key}_other")));
        text.unwrap_or_else(|| panic!("`{}` has no text `{key}`", self.language))
    }

    /// The same with its arguments in their places.
    pub fn with(&self, key: &str, arguments: &[(&str, &str)]) -> String {
        let text = self.get(key).to_owned();
        arguments.iter().fold(text, |text, (name, value)| {
            text.replace(&format!("{{{{ {name} }}}}"), value)
        })
    }

    /// Whole texts of another language that are none of this one: what must not stand in a page of this language.
    pub fn foreign<'other>(&self, other: &'other Self) -> BTreeSet<&'other str> {
        let own: BTreeSet<&str> = self.texts.values().map(String::as_str).collect();
        let others = other.texts.values().map(String::as_str);
        others
            .filter(|text| !text.contains("{{") && !own.contains(text))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn texts_are_found_by_key_with_their_arguments() {
        let words = Words::of("en");
        assert_eq!(words.get("common.cancel"), "Cancel");
        assert_eq!(words.with("list.selected", &[("count", "2")]), "2 selected");
    }

    #[test]
    fn what_both_languages_say_alike_is_foreign_to_none() {
        let (english, japanese) = (Words::of("en"), Words::of("ja"));
        let foreign = japanese.foreign(&english);
        assert!(foreign.contains("Cancel") && !foreign.contains("Podman"));
    }
}
