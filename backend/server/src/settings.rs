//! Hands the configuration to the services, in their words.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use berth_domain::PageRequest;
use berth_services::settings::{
    ApiSettings, AppTokenSettings, Authentication, AvatarKind, CollectionSettings, OAuthSettings,
    PushSettings, RegistrySettings, RobotSettings, SearchSettings, Settings, TeamSettings,
    UserSettings,
};

use crate::config::Config;
use crate::config::values::{AuthenticationType, Avatars, RegistryState};

const fn authentication(configured: AuthenticationType) -> Authentication {
    match configured {
        AuthenticationType::Database => Authentication::Database,
        // These refuse to start: nobody could sign in.
        AuthenticationType::Ldap
        | AuthenticationType::Oidc
        | AuthenticationType::Keystone
        | AuthenticationType::Jwt
        | AuthenticationType::AppToken => Authentication::Elsewhere,
    }
}

/// The settings of the services, for a server that listens at an address.
pub(crate) fn settings(config: &Config, listen: SocketAddr) -> Settings {
    let registry = &config.registry;
    Settings {
        registry: RegistrySettings {
            title: config.look.title.clone(),
            hostname: config.server.hostname.as_ref().map(ToString::to_string),
            scheme: config.server.url_scheme.to_string(),
            read_only: registry.state == RegistryState::Readonly,
            public_catalog: registry.public_catalog,
            library: registry
                .library_support
                .then(|| registry.library_namespace.clone()),
            storage_redirect: config.storage.redirect,
            page_size: usize::try_from(registry.page_size)
                .unwrap_or(usize::MAX)
                .clamp(1, PageRequest::<()>::LIMIT_MAX),
            avatars: match config.look.avatars {
                Avatars::Local => AvatarKind::Local,
                Avatars::Gravatar => AvatarKind::Gravatar,
            },
        },
        users: UserSettings {
            superusers: config.superusers.names.clone(),
            superusers_enabled: config.superusers.enabled,
            superusers_full_access: config.superusers.full_access,
            superusers_create_organizations: config.superusers.organization_creation_only,
            anonymous_access: config.accounts.anonymous_access,
            direct_login: config.accounts.direct_login,
            initialize_by_api: config.accounts.user_initialize,
            setup_needs_code: !listen.ip().is_loopback(),
            session_life: config.accounts.session.0,
            fresh_login: config.accounts.fresh_login.0,
            authentication: authentication(config.accounts.authentication),
            sign_up: config.accounts.user_creation,
            sign_up_by_invitation: config.accounts.invite_only,
            rename: config.accounts.user_rename,
            names: config.accounts.user_metadata,
            read_only_superusers: config.superusers.read_only.clone(),
            restricted: config.superusers.restricted,
            unrestricted_names: config.superusers.unrestricted_names.clone(),
            partial_autocomplete: config.accounts.partial_autocomplete,
            note_last_use: config.accounts.note_last_use,
            organizations_share_email: config.accounts.organizations_share_email,
            encrypted_passwords_only: config.tokens.encrypted_passwords_only,
            log_logins: config.usage_logs.logins,
            log_login_failures: config.usage_logs.login_failures,
        },
        api: ApiSettings {
            cors_origins: config.server.cors_origins.clone(),
            xhr_only: config.tokens.xhr_only,
        },
        teams: TeamSettings {
            invitations: config.teams.require_invitation,
        },
        search: SearchSettings {
            page_size: usize::try_from(config.look.search_page_size)
                .unwrap_or(usize::MAX)
                .clamp(1, PageRequest::<()>::LIMIT_MAX),
            pages_max: usize::try_from(config.look.search_pages_max)
                .unwrap_or(usize::MAX)
                .max(1),
        },
        robots: RobotSettings {
            disallowed: config.tokens.robots_disallow,
            allowed_names: config
                .tokens
                .robots_whitelist
                .iter()
                .map(ToString::to_string)
                .collect(),
        },
        app_tokens: AppTokenSettings {
            enabled: config.tokens.app_tokens,
            life: config.tokens.app_token_life.map(|life| life.0),
            kept: config.tokens.app_token_kept.0,
        },
        oauth: OAuthSettings {
            assignments: config.tokens.assign_oauth_tokens,
            direct_clients: config.tokens.direct_oauth_clients.clone(),
        },
        push: PushSettings {
            private_on_push: registry.create_private_repository_on_push,
            create_namespaces: registry.create_namespace_on_push,
            nested_names: registry.extended_names,
            sparse_index: registry.sparse_index,
            referrers: registry.referrers,
            disabled: registry.disable_pushes,
            layer_bytes_max: registry.maximum_layer_size.0,
            lease: Duration::from_secs(registry.push_lease_seconds),
            upload_life: config.storage.upload_expiration.0,
            time_machine: config.tags.default_expiration.0,
            time_machine_options: if config.tags.change_expiration {
                let options = config.tags.expiration_options.iter();
                options.map(|option| option.0).collect()
            } else {
                Vec::new()
            },
            lax_pull_logging: config.usage_logs.lax_pulls,
        },
        configuration: config
            .superusers
            .config_dump
            .then(|| Arc::new(config.dump())),
        collection: CollectionSettings {
            enabled: config.collection.enabled,
            repositories: config.collection.repositories,
            namespaces: config.collection.namespaces,
            interval: Duration::from_secs(config.collection.frequency_seconds),
            grace: config.collection.grace.0,
            scrub_interval: config.collection.scrub_interval.0,
        },
    }
}
