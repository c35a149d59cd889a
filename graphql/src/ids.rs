//! Global ids: opaque to clients, a letter and a row number to us. Whether the row exists, and
//! whether the caller may know, is asked afterwards.

use async_graphql::ID;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use berth_domain::{
    AccountId, BulkChangeId, EntityKind, Error, ManifestId, RepositoryId, Result, SessionId, TagId,
    TeamId,
};

/// What a global id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GlobalId {
    User(AccountId),
    Organization(AccountId),
    Robot(AccountId),
    Repository(RepositoryId),
    Tag(TagId),
    Manifest(ManifestId),
    Session(SessionId),
    Team(TeamId),
    BulkChange(BulkChangeId),
}

impl GlobalId {
    pub(crate) fn encode(self) -> ID {
        let (letter, number) = match self {
            Self::User(id) => ('U', id.0),
            Self::Organization(id) => ('O', id.0),
            Self::Robot(id) => ('B', id.0),
            Self::Repository(id) => ('R', id.0),
            Self::Tag(id) => ('T', id.0),
            Self::Manifest(id) => ('M', id.0),
            Self::Session(id) => ('S', id.0),
            Self::Team(id) => ('G', id.0),
            Self::BulkChange(id) => ('C', id.0),
        };
        URL_SAFE_NO_PAD.encode(format!("{letter}{number}")).into()
    }

    pub(crate) fn decode(id: &ID) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(id.as_bytes()).ok()?;
        let text = std::str::from_utf8(&bytes).ok()?;
        let number: i64 = text.get(1..)?.parse().ok().filter(|number| *number > 0)?;
        Some(match text.as_bytes().first()? {
            b'U' => Self::User(AccountId(number)),
            b'O' => Self::Organization(AccountId(number)),
            b'B' => Self::Robot(AccountId(number)),
            b'R' => Self::Repository(RepositoryId(number)),
            b'T' => Self::Tag(TagId(number)),
            b'M' => Self::Manifest(ManifestId(number)),
            b'S' => Self::Session(SessionId(number)),
            b'G' => Self::Team(TeamId(number)),
            b'C' => Self::BulkChange(BulkChangeId(number)),
            _ => return None,
        })
    }
}

fn wrong(field: &str, noun: &str) -> Error {
    Error::invalid_value(format!("this is not the id of a {noun}")).in_field(field)
}

/// The repository that an argument names.
pub(crate) fn repository(field: &str, id: &ID) -> Result<RepositoryId> {
    match GlobalId::decode(id) {
        Some(GlobalId::Repository(id)) => Ok(id),
        _ => Err(wrong(field, "repository")),
    }
}

/// The user that an argument names.
pub(crate) fn user(field: &str, id: &ID) -> Result<AccountId> {
    match GlobalId::decode(id) {
        Some(GlobalId::User(id)) => Ok(id),
        _ => Err(wrong(field, "user")),
    }
}

/// The session that an argument names.
pub(crate) fn session(field: &str, id: &ID) -> Result<SessionId> {
    match GlobalId::decode(id) {
        Some(GlobalId::Session(id)) => Ok(id),
        _ => Err(wrong(field, "session")),
    }
}

/// The change of many repositories that an argument names.
pub(crate) fn bulk_change(field: &str, id: &ID) -> Result<BulkChangeId> {
    match GlobalId::decode(id) {
        Some(GlobalId::BulkChange(id)) => Ok(id),
        _ => Err(wrong(field, "change of many repositories")),
    }
}

/// The team that an argument names.
pub(crate) fn team(field: &str, id: &ID) -> Result<TeamId> {
    match GlobalId::decode(id) {
        Some(GlobalId::Team(id)) => Ok(id),
        _ => Err(wrong(field, "team")),
    }
}

/// The robot that an argument names.
pub(crate) fn robot(field: &str, id: &ID) -> Result<AccountId> {
    match GlobalId::decode(id) {
        Some(GlobalId::Robot(id)) => Ok(id),
        _ => Err(wrong(field, "robot account")),
    }
}

/// The organization that an argument names.
pub(crate) fn organization(field: &str, id: &ID) -> Result<AccountId> {
    match GlobalId::decode(id) {
        Some(GlobalId::Organization(id)) => Ok(id),
        _ => Err(wrong(field, "organization")),
    }
}

/// The user or organization that an argument names.
pub(crate) fn namespace(field: &str, id: &ID) -> Result<AccountId> {
    match GlobalId::decode(id) {
        Some(GlobalId::User(id) | GlobalId::Organization(id)) => Ok(id),
        _ => Err(wrong(field, "user or an organization")),
    }
}

/// The user, robot or team that an argument names, by its row.
pub(crate) fn holder(field: &str, id: &ID) -> Result<(EntityKind, i64)> {
    match GlobalId::decode(id) {
        Some(GlobalId::User(id)) => Ok((EntityKind::User, id.0)),
        Some(GlobalId::Robot(id)) => Ok((EntityKind::Robot, id.0)),
        Some(GlobalId::Team(id)) => Ok((EntityKind::Team, id.0)),
        _ => Err(wrong(field, "user, a robot account or a team")),
    }
}

/// The tag that an argument names.
pub(crate) fn tag(field: &str, id: &ID) -> Result<TagId> {
    match GlobalId::decode(id) {
        Some(GlobalId::Tag(id)) => Ok(id),
        _ => Err(wrong(field, "tag")),
    }
}

/// A selection; the field names the item that is none of them.
pub(crate) fn many<T>(ids: &[ID], one: impl Fn(&str, &ID) -> Result<T>) -> Result<Vec<T>> {
    ids.iter()
        .enumerate()
        .map(|(at, id)| one(&format!("ids.{at}"), id))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_what_it_was_made_of_and_looks_like_nothing() {
        for id in [
            GlobalId::User(AccountId(1)),
            GlobalId::Organization(AccountId(2)),
            GlobalId::Robot(AccountId(3)),
            GlobalId::Repository(RepositoryId(i64::MAX)),
            GlobalId::Tag(TagId(5)),
            GlobalId::Manifest(ManifestId(6)),
            GlobalId::Session(SessionId(7)),
            GlobalId::Team(TeamId(8)),
            GlobalId::BulkChange(BulkChangeId(9)),
        ] {
            assert_eq!(GlobalId::decode(&id.encode()), Some(id));
        }
        for text in ["", "R1", "!!", "UjA", "Ui0x", "WDE"] {
            assert_eq!(GlobalId::decode(&text.into()), None, "{text}");
        }
    }
}
