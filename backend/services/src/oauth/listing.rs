//! The applications of an organization, in pages.

use berth_domain::{ApplicationId, Namespace, Page, PageRequest, Result};
use berth_store::oauth::applications::{self as rows, Order, sort_name};

use super::{ApplicationView, Applications, Shown};
use crate::actor::Actor;

/// What a list of applications is sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ApplicationSort {
    /// When it was made.
    #[default]
    Created,
    /// The name, whatever its case.
    Name,
}

/// Which applications a list holds, and in which order: all of them, the oldest first, by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApplicationList {
    /// Text in the name or in the client id, in any case.
    pub search: Option<String>,
    /// By what.
    pub by: ApplicationSort,
    /// From the end.
    pub descending: bool,
}

/// Where a list goes on: the sort key of the last row seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApplicationKey {
    /// Of a list by when they were made.
    Created(ApplicationId),
    /// Of a list by name: the name as it is sorted, and which of those that have it.
    Name(String, ApplicationId),
}

impl ApplicationKey {
    /// The key of a row under a sort.
    pub fn of(view: &ApplicationView, by: ApplicationSort) -> Self {
        match by {
            ApplicationSort::Created => Self::Created(view.id),
            ApplicationSort::Name => Self::Name(sort_name(&view.name), view.id),
        }
    }
}

/// A key of another sort starts from the beginning.
fn order(by: ApplicationSort, after: Option<&ApplicationKey>) -> Order {
    match (by, after) {
        (ApplicationSort::Created, Some(ApplicationKey::Created(id))) => Order::Created(Some(*id)),
        (ApplicationSort::Created, _) => Order::Created(None),
        (ApplicationSort::Name, Some(ApplicationKey::Name(name, id))) => {
            Order::Name(Some((name.clone(), *id)))
        }
        (ApplicationSort::Name, _) => Order::Name(None),
    }
}

impl Applications {
    /// The applications of an organization, with their secrets where those are asked for; each reading of a secret is
    /// logged.
    ///
    /// # Errors
    /// An actor that does not administer the organization. Who sees everything and changes nothing gets them
    /// without what is private.
    pub async fn page(
        &self,
        actor: &Actor,
        organization: &Namespace,
        with_secrets: bool,
        list: &ApplicationList,
        page: &PageRequest<ApplicationKey>,
    ) -> Result<Page<ApplicationView>> {
        let mut conn = self.core.db.read().await?;
        let (access, administers) = self.readable(&mut conn, actor, organization).await?;
        let search = list.search.as_deref().filter(|text| !text.is_empty());
        let order = order(list.by, page.after.as_ref());
        let (descending, limit) = (list.descending, page.fetch());
        let found = rows::page(&mut conn, access.id, search, &order, descending, limit).await?;
        drop(conn);
        let (found, shown) = (page.page(found), Shown::to(administers, with_secrets));
        self.log_readings(actor, shown, &found.items).await?;
        let views = found.items.into_iter();
        let views = views.map(|row| self.view(row, &access.name, shown));
        Ok(Page {
            items: views.collect::<Result<_>>()?,
            has_more: found.has_more,
        })
    }
}
