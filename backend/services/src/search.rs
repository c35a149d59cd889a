//! Search over everything that the actor may see, and the names that are offered while somebody types.
//!
//! Things are told by how closely they match: what is called so, what begins with the text, what has it inside, and
//! repositories whose description has a word that begins with it. Of those that match alike come first repositories, then
//! organizations, teams, users and robots; among repositories the latest pushed, and then names by the alphabet.

mod entities;

use std::collections::HashMap;
use std::sync::Arc;

use berth_domain::{
    AccountId, Page, PageRequest, RepositoryId, Result, Scope, SearchKind, TeamId, Timestamp,
};
use berth_store::search::{self as rows, Found, Sight, Start, Text};

pub use berth_store::search::{Closeness, TEXT_MAX, WINDOW, WORDS_MAX};
pub use entities::{EntityView, Wanted, Within};

use crate::access::policy::{self, Switches};
use crate::actor::{Actor, Principal};
use crate::core::Core;
use crate::organizations::{NamespaceView, Organizations};
use crate::repositories::{Repositories, RepositoryView, visible_to};
use crate::robots::{RobotView, Robots};
use crate::teams::{TeamView, Teams};

/// Search.
#[derive(Clone)]
pub struct Search {
    core: Arc<Core>,
    repositories: Repositories,
    organizations: Organizations,
    teams: Teams,
    robots: Robots,
}

/// Something that was found, as the actor sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hit {
    /// A repository.
    Repository(RepositoryView),
    /// A user or an organization.
    Namespace(NamespaceView),
    /// A team.
    Team(TeamView),
    /// A robot.
    Robot(RobotView),
}

/// A match with its place in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// What was found.
    pub hit: Hit,
    /// Where it stands.
    pub key: MatchKey,
}

/// The place of a match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchKey {
    /// How it was found.
    pub closeness: Closeness,
    /// What it is.
    pub kind: SearchKind,
    /// Latest push to a repository; the beginning of time for everything else.
    pub pushed_at: Timestamp,
    /// Its name, of a robot the short one.
    pub name: String,
    /// Its row.
    pub id: i64,
}

impl MatchKey {
    fn new(kind: SearchKind, found: Found) -> Self {
        Self {
            closeness: found.closeness,
            kind,
            pushed_at: found.pushed_at,
            name: found.name,
            id: found.id,
        }
    }

    fn order(&self) -> impl Ord + use<'_> {
        let latest_first = std::cmp::Reverse(self.pushed_at);
        (self.closeness, self.kind, latest_first, &self.name, self.id)
    }

    /// How good the match is, as a number that falls along the list: by closeness, and then by kind.
    pub fn score(&self) -> f64 {
        let closeness = match self.closeness {
            Closeness::Exact => 4.0,
            Closeness::Beginning => 3.0,
            Closeness::Inside => 2.0,
            Closeness::Description => 1.0,
        };
        closeness
            + match self.kind {
                SearchKind::Repository => 0.5,
                SearchKind::Organization => 0.4,
                SearchKind::Team => 0.3,
                SearchKind::User => 0.2,
                SearchKind::Robot => 0.1,
            }
    }

    /// Where the matches of a kind begin that come behind this one; none do behind the last ones of the list.
    fn start(&self, kind: SearchKind) -> Option<Start> {
        if kind == self.kind {
            return Some(Start::Behind(Found {
                id: self.id,
                closeness: self.closeness,
                pushed_at: self.pushed_at,
                name: self.name.clone(),
            }));
        }
        let mut others = Closeness::ALL.into_iter();
        let least = if kind > self.kind {
            Some(self.closeness)
        } else {
            others.find(|closeness| *closeness > self.closeness)
        };
        least.map(Start::At)
    }
}

/// What of a kind an actor may find: the policy's words for the query.
fn sight(actor: &Actor, kind: SearchKind, switches: Switches) -> Sight {
    let (account, is_registry) = (
        actor.account_id(),
        matches!(actor.principal(), Principal::Worker(_)),
    );
    let reaches = is_registry || (switches.superusers_full_access && actor.is_superuser());
    let visible = visible_to(actor, switches);
    match kind {
        SearchKind::Repository => Sight {
            everything: visible.everything,
            public: visible.public,
            own: visible.account,
            administered_by: visible.account,
            with_role_of: visible.account,
            ..Sight::default()
        },
        SearchKind::Organization | SearchKind::User => Sight {
            everything: is_registry || actor.reads_everything(),
            public: visible.public,
            own: match actor.principal() {
                Principal::Robot { namespace_id, .. } => Some(*namespace_id),
                _ => account,
            },
            of_member: account,
            with_role_of: visible.account,
            ..Sight::default()
        },
        SearchKind::Team => {
            let uses_teams = policy::uses_teams(actor);
            Sight {
                everything: is_registry
                    || actor.is_read_only_superuser()
                    || (reaches && uses_teams),
                of_member: account.filter(|_| uses_teams),
                ..Sight::default()
            }
        }
        SearchKind::Robot => {
            let administers = |scope| actor.grant.is_none() && actor.scopes().allows(scope);
            let (users, organizations) =
                (administers(Scope::UserAdmin), administers(Scope::OrgAdmin));
            Sight {
                // Of a token for the one kind of namespaces the gate leaves the robots of the other out.
                everything: reaches && (users || organizations),
                own: actor.user_id().filter(|_| users),
                administered_by: account.filter(|_| organizations),
                itself: account.filter(|_| actor.user_id().is_none()),
                ..Sight::default()
            }
        }
    }
}

impl Search {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self {
            repositories: Repositories::new(Arc::clone(&core)),
            organizations: Organizations::new(Arc::clone(&core)),
            teams: Teams::new(Arc::clone(&core)),
            robots: Robots::new(Arc::clone(&core)),
            core,
        }
    }

    /// What of these kinds a text finds; no kinds are all of them. Of each kind [`WINDOW`] matches of each way to match
    /// and to see are looked at: a longer text finds what is behind them. A text that is empty, or longer than anything
    /// is called, finds nothing.
    pub async fn page(
        &self,
        actor: &Actor,
        typed: &str,
        kinds: &[SearchKind],
        page: &PageRequest<MatchKey>,
    ) -> Result<Page<Match>> {
        let found = self
            .found(actor, typed, kinds, page.after.as_ref(), page.fetch())
            .await?;
        let page = page.page(found);
        Ok(Page {
            has_more: page.has_more,
            items: self.hits(actor, page.items).await?,
        })
    }

    /// The best matches of each kind, at most `each` of it.
    pub async fn best(&self, actor: &Actor, typed: &str, each: usize) -> Result<Vec<Match>> {
        let limit = PageRequest::<()>::new(None, each).limit;
        let rows = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = self.found(actor, typed, &[], None, rows).await?;
        self.hits(actor, found).await
    }

    /// A numbered page of the repositories that a text finds; the first one is 1.
    pub async fn repositories(
        &self,
        actor: &Actor,
        typed: &str,
        number: usize,
        size: usize,
    ) -> Result<Page<Match>> {
        let skipped = number.saturating_sub(1).saturating_mul(size);
        let rows = i64::try_from(skipped.saturating_add(size).saturating_add(1));
        let rows = rows.unwrap_or(i64::MAX);
        let kinds = [SearchKind::Repository];
        let found = self.found(actor, typed, &kinds, None, rows).await?;
        let mut found: Vec<MatchKey> = found.into_iter().skip(skipped).collect();
        let has_more = found.len() > size;
        found.truncate(size);
        Ok(Page {
            has_more,
            items: self.hits(actor, found).await?,
        })
    }

    /// At most `limit` matches of each kind, in the order of the list.
    async fn found(
        &self,
        actor: &Actor,
        typed: &str,
        kinds: &[SearchKind],
        after: Option<&MatchKey>,
        limit: i64,
    ) -> Result<Vec<MatchKey>> {
        let Some(text) = Text::new(typed) else {
            return Ok(Vec::new());
        };
        let mut conn = self.core.db.read().await?;
        let mut found = Vec::new();
        for kind in SearchKind::ALL {
            if !kinds.is_empty() && !kinds.contains(kind) {
                continue;
            }
            let start = after.map_or(Some(Start::At(Closeness::Exact)), |key| key.start(*kind));
            let Some(start) = start else { continue };
            let sight = sight(actor, *kind, self.core.gate.switches());
            let page = rows::page(&mut conn, *kind, &sight, &text, &start, limit).await?;
            found.extend(page.into_iter().map(|found| MatchKey::new(*kind, found)));
        }
        found.sort_by(|a, b| a.order().cmp(&b.order()));
        Ok(found)
    }

    /// What was found, as the actor sees it; each passes the gate once more.
    async fn hits(&self, actor: &Actor, found: Vec<MatchKey>) -> Result<Vec<Match>> {
        let of = |kinds: &[SearchKind]| -> Vec<i64> {
            let found = found.iter().filter(|key| kinds.contains(&key.kind));
            found.map(|key| key.id).collect()
        };
        let ids: Vec<RepositoryId> = of(&[SearchKind::Repository])
            .into_iter()
            .map(RepositoryId)
            .collect();
        let mut repositories = if ids.is_empty() {
            HashMap::new()
        } else {
            self.repositories.by_ids(actor, &ids).await?
        };
        let ids: Vec<AccountId> = of(&[SearchKind::Organization, SearchKind::User])
            .into_iter()
            .map(AccountId)
            .collect();
        let mut namespaces = if ids.is_empty() {
            HashMap::new()
        } else {
            self.organizations.by_ids(actor, &ids).await?
        };
        let ids: Vec<TeamId> = of(&[SearchKind::Team]).into_iter().map(TeamId).collect();
        let mut teams = if ids.is_empty() {
            HashMap::new()
        } else {
            self.teams.by_ids(actor, &ids).await?
        };
        let ids: Vec<AccountId> = of(&[SearchKind::Robot])
            .into_iter()
            .map(AccountId)
            .collect();
        let robots = if ids.is_empty() {
            Vec::new()
        } else {
            self.robots.by_ids(actor, &ids).await?
        };
        let mut robots: HashMap<AccountId, RobotView> =
            robots.into_iter().map(|robot| (robot.id, robot)).collect();
        let hits = found.into_iter().filter_map(|key| {
            let hit = match key.kind {
                SearchKind::Repository => {
                    Hit::Repository(repositories.remove(&RepositoryId(key.id))?)
                }
                SearchKind::Organization | SearchKind::User => {
                    Hit::Namespace(namespaces.remove(&AccountId(key.id))?)
                }
                SearchKind::Team => Hit::Team(teams.remove(&TeamId(key.id))?),
                SearchKind::Robot => Hit::Robot(robots.remove(&AccountId(key.id))?),
            };
            Some(Match { hit, key })
        });
        Ok(hits.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(closeness: Closeness, kind: SearchKind) -> MatchKey {
        MatchKey {
            closeness,
            kind,
            pushed_at: Timestamp(0),
            name: "app".into(),
            id: 1,
        }
    }

    #[test]
    fn what_comes_behind_a_match_is_told_of_each_kind() {
        let organization = key(Closeness::Inside, SearchKind::Organization);
        let start = |kind| organization.start(kind);
        assert_eq!(
            start(SearchKind::Repository),
            Some(Start::At(Closeness::Description))
        );
        assert_eq!(start(SearchKind::Team), Some(Start::At(Closeness::Inside)));
        assert!(matches!(
            start(SearchKind::Organization),
            Some(Start::Behind(_))
        ));
        let last = key(Closeness::Description, SearchKind::Robot);
        assert_eq!(last.start(SearchKind::Repository), None);
    }

    #[test]
    fn the_score_falls_along_the_list() {
        let mut all = Vec::new();
        for closeness in Closeness::ALL {
            for kind in SearchKind::ALL {
                all.push(key(closeness, *kind));
            }
        }
        assert!(all.is_sorted_by(|a, b| a.order() < b.order()));
        assert!(all.is_sorted_by(|a, b| a.score() > b.score()));
    }
}
