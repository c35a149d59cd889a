//! The one gate: who may do what.
//!
//! [`policy`] decides from facts alone; the [`Gate`] loads the facts through the caller's own
//! transaction and hands out [`Access`], the row and the proof in one value. Nothing else can make one.

mod gate;
pub mod policy;

use std::marker::PhantomData;

pub use gate::{Found, Gate};

/// A row and the proof that the actor holds permission `P` on it.
#[derive(Debug, Clone)]
pub struct Access<P: Permission> {
    target: P::Target,
    proof: PhantomData<P>,
}

impl<P: Permission> Access<P> {
    /// The row.
    pub const fn target(&self) -> &P::Target {
        &self.target
    }
}

impl<P: Permission> std::ops::Deref for Access<P> {
    type Target = P::Target;

    fn deref(&self) -> &P::Target {
        &self.target
    }
}

impl<P: Permission> Access<P> {
    /// The same row under a weaker permission; only the pairs that policy implies exist.
    pub fn weaken<Q>(self) -> Access<Q>
    where
        Q: Permission<Target = P::Target> + ImpliedBy<P>,
    {
        Access {
            target: self.target,
            proof: PhantomData,
        }
    }
}

/// A permission, as a type.
pub trait Permission {
    /// What it is a permission on.
    type Target;
}

/// `P` includes this permission.
pub trait ImpliedBy<P> {}

/// Permissions on a repository.
pub mod repo {
    use super::{ImpliedBy, Permission, policy::RepositoryAction};
    use berth_store::gate::RepositoryFacts;

    /// A permission on a repository.
    pub trait RepositoryPermission: Permission<Target = RepositoryFacts> {
        /// What the policy is asked.
        const ACTION: RepositoryAction;
    }

    macro_rules! permissions {
        ($($(#[$meta:meta])* $name:ident => $action:ident,)+) => { $(
            $(#[$meta])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl Permission for $name {
                type Target = RepositoryFacts;
            }

            impl RepositoryPermission for $name {
                const ACTION: RepositoryAction = RepositoryAction::$action;
            }
        )+ };
    }

    permissions! {
        /// See it and pull from it.
        Pull => Pull,
        /// Push to it and delete tags.
        Push => Push,
        /// Say what is in it.
        Describe => Describe,
        /// See who has which role in it.
        SeeRoles => SeeRoles,
        /// Change its settings and permissions, delete it.
        Administer => Administer,
    }

    impl ImpliedBy<Push> for Pull {}
    impl ImpliedBy<Administer> for Pull {}
}

/// Permissions on a namespace.
pub mod namespace {
    use super::{Permission, policy::NamespaceAction};
    use berth_store::gate::NamespaceFacts;

    /// A permission on a namespace.
    pub trait NamespacePermission: Permission<Target = NamespaceFacts> {
        /// What the policy is asked.
        const ACTION: NamespaceAction;
    }

    macro_rules! permissions {
        ($($(#[$meta:meta])* $name:ident => $action:ident,)+) => { $(
            $(#[$meta])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl Permission for $name {
                type Target = NamespaceFacts;
            }

            impl NamespacePermission for $name {
                const ACTION: NamespaceAction = NamespaceAction::$action;
            }
        )+ };
    }

    permissions! {
        /// Know that it exists.
        View => View,
        /// See which teams it has.
        ViewTeams => ViewTeams,
        /// Create repositories in it.
        CreateRepository => CreateRepository,
        /// Create robots in it.
        CreateRobot => CreateRobot,
        /// Its robots, settings and members.
        Administer => Administer,
    }
}

/// Permissions on a team.
pub mod team {
    use super::{Permission, policy::TeamAction};
    use berth_store::gate::TeamFacts;

    /// A permission on a team.
    pub trait TeamPermission: Permission<Target = TeamFacts> {
        /// What the policy is asked.
        const ACTION: TeamAction;
    }

    macro_rules! permissions {
        ($($(#[$meta:meta])* $name:ident,)+) => { $(
            $(#[$meta])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl Permission for $name {
                type Target = TeamFacts;
            }

            impl TeamPermission for $name {
                const ACTION: TeamAction = TeamAction::$name;
            }
        )+ };
    }

    permissions! {
        /// Know it, with its role and how many are in it.
        View,
        /// See who is in it.
        ViewMembers,
        /// See its roles in repositories.
        ViewRoles,
        /// Change it, and who is in it.
        Manage,
    }
}

/// Permissions on one's own account.
pub mod account {
    use super::Permission;
    use berth_domain::{AccountId, Namespace};

    /// A user's own account.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Own {
        /// The account.
        pub id: AccountId,
        /// By name.
        pub name: Namespace,
    }

    /// See its sessions, tokens and ways in.
    #[derive(Debug, Clone, Copy)]
    pub struct View;

    impl Permission for View {
        type Target = Own;
    }

    /// Let an application act with its rights.
    #[derive(Debug, Clone, Copy)]
    pub struct Consent;

    impl Permission for Consent {
        type Target = Own;
    }

    /// Change it, and what it signs in with.
    #[derive(Debug, Clone, Copy)]
    pub struct Administer;

    impl Permission for Administer {
        type Target = Own;
    }

    /// See how far changes are that go on behind their requests.
    #[derive(Debug, Clone, Copy)]
    pub struct ViewChanges;

    impl Permission for ViewChanges {
        type Target = Own;
    }

    /// Have the registry go on with a change when the request is over, and end such a change.
    #[derive(Debug, Clone, Copy)]
    pub struct OrderChanges;

    impl Permission for OrderChanges {
        type Target = Own;
    }
}

/// Permissions on the registry as a whole.
pub mod registry {
    use super::Permission;

    /// See what superusers see.
    #[derive(Debug, Clone, Copy)]
    pub struct View;

    impl Permission for View {
        type Target = ();
    }

    /// Superuser work.
    #[derive(Debug, Clone, Copy)]
    pub struct Administer;

    impl Permission for Administer {
        type Target = ();
    }

    /// Create organizations.
    #[derive(Debug, Clone, Copy)]
    pub struct CreateOrganization;

    impl Permission for CreateOrganization {
        /// The user who becomes its administrator.
        type Target = berth_domain::AccountId;
    }
}
