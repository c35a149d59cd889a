//! Roles that were chosen and are not given yet.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::{
    components::counted,
    fragments::{RepositoryFilter, Role},
    i18n::*,
    roles::{Grantee, RoleGiver, RoleInInput, RoleMatchingInput, RolesIn},
    tasks::Task,
};

/// Another role in one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    path: String,
    before: Option<Role>,
    now: Option<Role>,
}

/// One role in all repositories that match.
#[derive(Debug, Clone)]
struct OfAll {
    filter: RepositoryFilter,
    /// How many match, as far as they were counted.
    count: usize,
    now: Option<Role>,
}

/// A repository of the list, and the role in it so far.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    pub(super) path: String,
    pub(super) id: String,
    pub(super) before: Option<Role>,
}

/// Roles that were chosen: of single repositories, by their ids, or one in all that match.
#[derive(Clone, Copy)]
pub(crate) struct RolesDraft {
    changes: RwSignal<BTreeMap<String, Change>>,
    of_all: RwSignal<Option<OfAll>>,
}

impl RolesDraft {
    /// Nothing chosen.
    pub(crate) fn new() -> Self {
        Self {
            changes: RwSignal::new(BTreeMap::new()),
            of_all: RwSignal::new(None),
        }
    }

    /// In how many repositories a role changes.
    pub(crate) fn len(self) -> usize {
        match self.of_all() {
            Some((count, _)) => count,
            None => self.changes.with(BTreeMap::len),
        }
    }

    /// The same, for a text with plurals.
    pub(crate) fn counted(self, i18n: I18n) -> String {
        counted(i18n, self.len())
    }

    /// Paths of single repositories and roles to be, by path.
    pub(crate) fn chosen(self) -> Vec<(String, Option<Role>)> {
        let mut chosen: Vec<_> = self.changes.with(|changes| {
            let changes = changes.values();
            changes
                .map(|change| (change.path.clone(), change.now))
                .collect()
        });
        chosen.sort_by(|one: &(String, _), other| one.0.cmp(&other.0));
        chosen
    }

    /// Chooses nothing; the page may be gone.
    pub(crate) fn clear(self) {
        self.changes.try_update(BTreeMap::clear);
        self.of_all.try_set(None);
    }

    /// The roles in single repositories as they are sent, for code that runs once; none where the page is gone.
    pub(crate) fn roles(self) -> Vec<RoleInInput> {
        let changes = self.changes.try_get_untracked().unwrap_or_default();
        let roles = changes.into_iter().map(|(id, change)| RoleInInput {
            repository: cynic::Id::new(id),
            role: change.now,
        });
        roles.collect()
    }

    /// What gives all of the roles to somebody, or none of them; nothing where none are chosen. The name is that of the
    /// change as a whole.
    pub(crate) fn task(self, giver: RoleGiver, name: &str, grantee: Grantee) -> Option<Task> {
        if let Some(of_all) = self.of_all.try_get_untracked().flatten() {
            let matching = RoleMatchingInput {
                filter: of_all.filter,
                role: of_all.now,
            };
            return Some(Task::new(name, move || {
                giver.give(grantee.clone(), RolesIn::Matching(matching.clone()))
            }));
        }
        let roles = self.roles();
        if roles.is_empty() {
            return None;
        }
        // In the order of the roles, by which a failure names them.
        let changes = self.changes.try_get_untracked().unwrap_or_default();
        let paths = changes.into_values().map(|change| change.path).collect();
        Some(Task::of_many(name, paths, move || {
            giver.give(grantee.clone(), RolesIn::Each(roles.clone()))
        }))
    }

    /// Chooses one role in all that match, in the place of what was chosen before.
    pub(super) fn set_all(self, filter: RepositoryFilter, count: usize, now: Option<Role>) {
        self.changes.set(BTreeMap::new());
        self.of_all.set(Some(OfAll { filter, count, now }));
    }

    /// Chooses nothing in all that match.
    pub(super) fn unset_all(self) {
        if self.of_all.with_untracked(Option::is_some) {
            self.of_all.set(None);
        }
    }

    /// In how many repositories that match which role was chosen.
    pub(super) fn of_all(self) -> Option<(usize, Option<Role>)> {
        self.of_all
            .with(|of_all| of_all.as_ref().map(|of_all| (of_all.count, of_all.now)))
    }

    /// Whether one role was chosen in all that match.
    pub(super) fn has_all(self) -> bool {
        self.of_all.with(Option::is_some)
    }

    /// Chooses a role in one repository.
    pub(super) fn set(self, line: &Line, role: Option<Role>) {
        self.changes.update(|changes| {
            if role == line.before {
                changes.remove(&line.id);
            } else {
                let change = Change {
                    path: line.path.clone(),
                    before: line.before,
                    now: role,
                };
                changes.insert(line.id.clone(), change);
            }
        });
    }

    /// The role in a repository of the list as it is or will be.
    pub(super) fn of(self, line: &Line) -> Option<Role> {
        if let Some((_, now)) = self.of_all() {
            return now;
        }
        self.changes.with(|changes| {
            changes
                .get(&line.id)
                .map_or(line.before, |change| change.now)
        })
    }

    /// Whether it will be another one.
    pub(super) fn changes(self, line: &Line) -> bool {
        self.of(line) != line.before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(before: Option<Role>) -> Line {
        Line {
            path: "acme/app".into(),
            id: "r1".into(),
            before,
        }
    }

    #[test]
    fn what_is_set_back_is_no_change() {
        let owner = Owner::new();
        owner.set();
        let (draft, line) = (RolesDraft::new(), line(Some(Role::Read)));
        draft.set(&line, Some(Role::Admin));
        assert_eq!(draft.of(&line), Some(Role::Admin));
        assert!(draft.changes(&line));
        assert_eq!(draft.chosen(), [("acme/app".into(), Some(Role::Admin))]);
        let sent = draft.roles();
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].repository.inner(), "r1");
        draft.set(&line, Some(Role::Read));
        assert_eq!((draft.len(), draft.of(&line)), (0, Some(Role::Read)));
        assert!(!draft.changes(&line));
        draft.set(&line, None);
        assert_eq!(draft.chosen(), [("acme/app".into(), None)]);
        draft.clear();
        assert_eq!(draft.len(), 0);
    }

    #[test]
    fn a_role_in_all_that_match_takes_the_place_of_single_ones() {
        let owner = Owner::new();
        owner.set();
        let (draft, line) = (RolesDraft::new(), line(Some(Role::Read)));
        draft.set(&line, Some(Role::Admin));
        draft.set_all(RepositoryFilter::default(), 1_284, None);
        assert!(draft.has_all());
        assert_eq!((draft.len(), draft.of(&line)), (1_284, None));
        assert!(draft.changes(&line));
        assert!(draft.roles().is_empty());
        draft.unset_all();
        assert_eq!((draft.len(), draft.of(&line)), (0, Some(Role::Read)));
        draft.set_all(RepositoryFilter::default(), 2, Some(Role::Read));
        assert!(!draft.changes(&line), "it is so already");
        draft.clear();
        assert_eq!(draft.len(), 0);
    }
}
