//! The types of values that the keys share.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use berth_domain::{Namespace, RobotName, Secret};
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A type that a key may have: how it is called in the reference and how a default is shown.
pub trait Setting: DeserializeOwned {
    /// Whether values, also wrong ones, must never be shown.
    const SECRET: bool = false;

    /// What the reference calls the type.
    fn kind() -> String;

    /// The value in YAML, as the reference shows a default; none where it is unset.
    fn show(&self) -> Option<String>;

    /// The value for superusers who ask for the configuration. Secrets are stars, and how long they are.
    fn dump(&self) -> Value {
        self.show().map_or(Value::Null, Value::String)
    }
}

/// What is told of a secret.
pub(super) fn masked(secret: &Secret<String>) -> Value {
    let length = secret.expose().chars().count();
    format!("********** ({length})").into()
}

/// Implements [`Setting`] for a type whose `Display` is its YAML.
macro_rules! displayed {
    ($($type:ty: $kind:literal),+ $(,)?) => {$(
        impl Setting for $type {
            fn kind() -> String {
                $kind.to_owned()
            }
            fn show(&self) -> Option<String> {
                Some(self.to_string())
            }
        }
    )+};
}

/// The same for one that JSON knows too.
macro_rules! plain {
    ($($type:ty: $kind:literal),+ $(,)?) => {$(
        impl Setting for $type {
            fn kind() -> String {
                $kind.to_owned()
            }
            fn show(&self) -> Option<String> {
                Some(self.to_string())
            }
            fn dump(&self) -> Value {
                (*self).into()
            }
        }
    )+};
}

plain! {
    bool: "true or false",
    u16: "number",
    u32: "number",
    u64: "number",
}

displayed! {
    Lifetime: "duration",
    ByteSize: "size",
    SocketAddr: "address:port",
    Namespace: "account name",
    Robot: "robot, `namespace+name`",
}

impl Setting for String {
    fn kind() -> String {
        "text".to_owned()
    }
    fn show(&self) -> Option<String> {
        Some(if self.is_empty() { "''" } else { self }.to_owned())
    }
    fn dump(&self) -> Value {
        self.as_str().into()
    }
}

impl Setting for Secret<String> {
    const SECRET: bool = true;

    fn kind() -> String {
        "secret text".to_owned()
    }
    fn show(&self) -> Option<String> {
        None
    }
    fn dump(&self) -> Value {
        masked(self)
    }
}

impl<T: Setting> Setting for Option<T> {
    const SECRET: bool = T::SECRET;

    fn kind() -> String {
        T::kind()
    }
    fn show(&self) -> Option<String> {
        self.as_ref().and_then(Setting::show)
    }
    fn dump(&self) -> Value {
        self.as_ref().map_or(Value::Null, Setting::dump)
    }
}

impl<T: Setting> Setting for Vec<T> {
    fn kind() -> String {
        format!("list of: {}", T::kind())
    }
    fn show(&self) -> Option<String> {
        let items: Vec<_> = self.iter().filter_map(Setting::show).collect();
        Some(format!("[{}]", items.join(", ")))
    }
    fn dump(&self) -> Value {
        self.iter().map(Setting::dump).collect()
    }
}

/// A mapping that nothing reads yet: any keys, any values. It holds the keys.
#[derive(Debug, Default)]
pub struct Mapping(BTreeSet<String>);

impl<'de> Deserialize<'de> for Mapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MappingVisitor)
    }
}

struct MappingVisitor;

impl<'de> Visitor<'de> for MappingVisitor {
    type Value = Mapping;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Mapping, A::Error> {
        let mut keys = BTreeSet::new();
        while let Some((key, _)) = map.next_entry::<String, IgnoredAny>()? {
            keys.insert(key);
        }
        Ok(Mapping(keys))
    }
}

impl Setting for Mapping {
    fn kind() -> String {
        "mapping".to_owned()
    }
    fn show(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| "{…}".to_owned())
    }
}

/// Any value at all, of a key that does not apply.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Anything(IgnoredAny);

impl Setting for Anything {
    const SECRET: bool = true;

    fn kind() -> String {
        "anything".to_owned()
    }
    fn show(&self) -> Option<String> {
        None
    }
}

/// A span of time, written `<n><s|m|h|d|w|y>`; a year has 365 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lifetime(pub Duration);

impl Lifetime {
    const UNITS: [(char, u64); 6] = [
        ('y', 365 * 86_400),
        ('w', 7 * 86_400),
        ('d', 86_400),
        ('h', 3_600),
        ('m', 60),
        ('s', 1),
    ];

    /// A span of that many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// A span of that many days.
    pub const fn days(days: u64) -> Self {
        Self::seconds(days * 86_400)
    }
}

impl FromStr for Lifetime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no duration, expected a number with one of s, m, h, d, w, y, such as `30m` or `2w`"
            )
        };
        let unit = text.chars().last().ok_or_else(wrong)?;
        let (_, seconds) = Self::UNITS
            .into_iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(wrong)?;
        let count = &text[..text.len() - unit.len_utf8()];
        number(count)
            .and_then(|count| count.checked_mul(seconds))
            .map(Self::seconds)
            .ok_or_else(wrong)
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (name, unit) = Self::UNITS
            .into_iter()
            .find(|(_, unit)| seconds > 0 && seconds.is_multiple_of(*unit))
            .unwrap_or(('s', 1));
        write!(f, "{}{name}", seconds / unit)
    }
}

/// A number of bytes, written plain or with K, M, G or T, which are powers of 1024.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

impl ByteSize {
    const UNITS: [(char, u64); 4] = [
        ('T', 1 << 40),
        ('G', 1 << 30),
        ('M', 1 << 20),
        ('K', 1 << 10),
    ];

    /// That many gibibytes.
    pub const fn gibibytes(count: u64) -> Self {
        Self(count << 30)
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (count, unit) = Self::UNITS
            .into_iter()
            .find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))
            .unwrap_or((text, 1));
        number(count.trim_end())
            .and_then(|count| count.checked_mul(unit))
            .map(Self)
            .ok_or_else(|| {
                format!(
                    "`{text}` is no size, expected bytes or a number with one of K, M, G, T, such as `20G`"
                )
            })
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = Self::UNITS
            .into_iter()
            .find(|(_, unit)| self.0 > 0 && self.0.is_multiple_of(*unit));
        match unit {
            Some((name, unit)) => write!(f, "{}{name}", self.0 / unit),
            None => write!(f, "{}", self.0),
        }
    }
}

/// Host and optional port under which clients reach the registry, as image names carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerHostname(String);

impl ServerHostname {
    /// The host with its port.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ServerHostname {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = url::Url::parse(&format!("http://{text}/"));
        let plain = parsed.is_ok_and(|url| {
            url.path() == "/"
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        });
        if plain && !text.contains(['/', '?', '#', ' ']) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "`{text}` is no host, expected `host` or `host:port` without a scheme or path, such as `registry.example.com`"
            ))
        }
    }
}

impl fmt::Display for ServerHostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

displayed! { ServerHostname: "host or host:port" }

/// A robot by its full name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Robot(pub RobotName);

impl FromStr for Robot {
    type Err = berth_domain::Error;

    fn from_str(text: &str) -> Result<Self, berth_domain::Error> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Robot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Deserializes by `FromStr`, so that the value's own message reaches the operator.
macro_rules! from_text {
    ($($type:ty),+ $(,)?) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

pub(crate) use from_text;

from_text!(Lifetime, ByteSize, ServerHostname, Robot);

/// An enum whose variants are words in the configuration.
macro_rules! words {
    (
        $(#[doc = $doc:literal])+
        pub enum $name:ident {
            $($(#[doc = $variant_doc:literal])+ $variant:ident = $word:literal,)+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[doc = $variant_doc])+ $variant,)+
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!(
                        "`{text}` is not accepted, expected one of: {}",
                        [$($word),+].join(", ")
                    )),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $word,)+
                })
            }
        }

        from_text!($name);

        impl Setting for $name {
            fn kind() -> String {
                format!("one of: {}", [$($word),+].join(", "))
            }
            fn show(&self) -> Option<String> {
                Some(self.to_string())
            }
        }
    };
}

words! {
    /// How clients reach the registry.
    pub enum UrlScheme {
        /// Plain, for a loopback address or behind something that speaks TLS on its own terms.
        Http = "http",
        /// By TLS, which this server or a proxy in front ends.
        Https = "https",
    }
}

words! {
    /// Who knows the passwords.
    pub enum AuthenticationType {
        /// The registry's own accounts.
        Database = "Database",
        /// A directory.
        Ldap = "LDAP",
        /// A provider of identities.
        Oidc = "OIDC",
        /// The identity service of a cloud.
        Keystone = "Keystone",
        /// A service that hands out signed tokens.
        Jwt = "JWT",
        /// Tokens of applications alone.
        AppToken = "AppToken",
    }
}

words! {
    /// Whether the registry takes changes.
    pub enum RegistryState {
        /// It does.
        Normal = "normal",
        /// It only serves what is there.
        Readonly = "readonly",
    }
}

words! {
    /// What pictures of people are made from.
    pub enum Avatars {
        /// A hash of the e-mail address.
        Local = "local",
        /// The hash of it that Gravatar knows.
        Gravatar = "gravatar",
    }
}

words! {
    /// How log lines are written.
    pub enum LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object a line, for collectors.
        Json = "json",
    }
}

fn number(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        for (text, seconds) in [
            ("0s", 0),
            ("90s", 90),
            ("30m", 1_800),
            ("2h", 7_200),
            ("1d", 86_400),
            ("2w", 1_209_600),
            ("1y", 31_536_000),
        ] {
            assert_eq!(text.parse(), Ok(Lifetime::seconds(seconds)));
        }
        for text in [
            "",
            "s",
            "5",
            "1.5h",
            "-1d",
            "1 d",
            "1M",
            "99999999999999999999y",
            "1年",
        ] {
            assert!(text.parse::<Lifetime>().is_err(), "{text}");
        }
    }

    #[test]
    fn durations_show_in_their_largest_whole_unit() {
        for text in ["0s", "90s", "30m", "5h", "8d", "2w", "1y"] {
            assert_eq!(
                text.parse::<Lifetime>().map(|l| l.to_string()),
                Ok(text.to_owned())
            );
        }
    }

    #[test]
    fn sizes_are_bytes_or_carry_a_suffix() {
        for (text, bytes, shown) in [
            ("0", 0, "0"),
            ("1000", 1_000, "1000"),
            ("4K", 4_096, "4K"),
            ("1024M", 1 << 30, "1G"),
            ("20G", 20 << 30, "20G"),
            ("2T", 2 << 40, "2T"),
        ] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)));
            assert_eq!(ByteSize(bytes).to_string(), shown);
        }
        for text in ["", "G", "-1", "1.5G", "20GB", "99999999999T"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_server_hostname_has_no_scheme_and_no_path() {
        for text in [
            "registry.example.com",
            "localhost:8080",
            "127.0.0.1",
            "[::1]:8080",
        ] {
            assert!(text.parse::<ServerHostname>().is_ok(), "{text}");
        }
        for text in ["", "http://x", "x/y", "x y", "u@x", "x:notaport", "x?y"] {
            assert!(text.parse::<ServerHostname>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_wrong_word_is_answered_with_the_right_ones() {
        let refusal = "readOnly".parse::<RegistryState>();
        let expected = "`readOnly` is not accepted, expected one of: normal, readonly";
        assert_eq!(refusal, Err(expected.to_owned()));
    }
}
