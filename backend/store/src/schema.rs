//! The tables, for Diesel. One schema serves both databases, so only types that both have are used.

diesel::table! {
    accounts (id) {
        id -> BigInt,
        uuid -> Text,
        kind -> Text,
        name -> Nullable<Text>,
        email -> Nullable<Text>,
        enabled -> Bool,
        last_accessed_at -> Nullable<BigInt>,
        tag_expiration_ms -> Nullable<BigInt>,
        deleting_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    user_profiles (account_id) {
        account_id -> BigInt,
        email_verified -> Bool,
        superuser -> Bool,
        given_name -> Nullable<Text>,
        family_name -> Nullable<Text>,
        company -> Nullable<Text>,
        location -> Nullable<Text>,
    }
}

diesel::table! {
    logins (id) {
        id -> BigInt,
        account_id -> BigInt,
        kind -> Text,
        subject -> Text,
        password_hash -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    email_codes (id) {
        id -> BigInt,
        account_id -> BigInt,
        purpose -> Text,
        email -> Text,
        code_hash -> Text,
        expires_at -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    mails (id) {
        id -> BigInt,
        purpose -> Text,
        recipient -> Text,
        account_id -> Nullable<BigInt>,
        code_hash -> Nullable<Text>,
        attempt -> BigInt,
        send_at -> BigInt,
        created_at -> BigInt,
        invitation_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    app_tokens (id) {
        id -> BigInt,
        uuid -> Text,
        account_id -> BigInt,
        title -> Text,
        token_sealed -> Text,
        token_hash -> Text,
        last_used_at -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    messages (id) {
        id -> BigInt,
        uuid -> Text,
        content -> Text,
        severity -> Text,
        media_type -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    notifications (id) {
        id -> BigInt,
        uuid -> Text,
        account_id -> BigInt,
        kind -> Text,
        subject -> Text,
        namespace_id -> Nullable<BigInt>,
        as_administrator -> Bool,
        metadata -> Text,
        dismissed -> Bool,
        created_at -> BigInt,
    }
}

diesel::table! {
    robot_profiles (account_id) {
        account_id -> BigInt,
        namespace_id -> BigInt,
        short_name -> Text,
        description -> Text,
        metadata -> Text,
        token_sealed -> Text,
        token_hash -> Text,
    }
}

diesel::table! {
    login_failures (account_id, address) {
        account_id -> BigInt,
        address -> Text,
        failures -> BigInt,
        retry_at -> BigInt,
    }
}

diesel::table! {
    sessions (id) {
        id -> BigInt,
        token_hash -> Text,
        account_id -> BigInt,
        ip -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        authenticated_at -> BigInt,
        expires_at -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    teams (id) {
        id -> BigInt,
        namespace_id -> BigInt,
        name -> Text,
        role -> Text,
        description -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    team_members (team_id, account_id) {
        team_id -> BigInt,
        account_id -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    team_invitations (id) {
        id -> BigInt,
        uuid -> Text,
        team_id -> BigInt,
        account_id -> Nullable<BigInt>,
        email -> Nullable<Text>,
        inviter_id -> Nullable<BigInt>,
        code_hash -> Nullable<Text>,
        code_expires_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    oauth_applications (id) {
        id -> BigInt,
        namespace_id -> BigInt,
        client_id -> Text,
        secret_sealed -> Text,
        name -> Text,
        homepage -> Text,
        description -> Text,
        avatar_email -> Nullable<Text>,
        redirect_prefix -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    oauth_tokens (id) {
        id -> BigInt,
        uuid -> Text,
        application_id -> BigInt,
        account_id -> BigInt,
        name -> Nullable<Text>,
        scopes -> Text,
        token_hash -> Text,
        code_hash -> Nullable<Text>,
        last_used_at -> Nullable<BigInt>,
        expires_at -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    oauth_codes (id) {
        id -> BigInt,
        application_id -> BigInt,
        account_id -> BigInt,
        code_hash -> Text,
        scopes -> Text,
        redirect_uri -> Text,
        expires_at -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    oauth_assignments (id) {
        id -> BigInt,
        uuid -> Text,
        application_id -> BigInt,
        account_id -> BigInt,
        scopes -> Text,
        redirect_uri -> Text,
        response_type -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    repositories (id) {
        id -> BigInt,
        namespace_id -> BigInt,
        name -> Text,
        visibility -> Text,
        state -> Text,
        description -> Text,
        last_pushed_at -> Nullable<BigInt>,
        deleting_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    repository_permissions (id) {
        id -> BigInt,
        repository_id -> BigInt,
        account_id -> Nullable<BigInt>,
        team_id -> Nullable<BigInt>,
        role -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    permission_prototypes (id) {
        id -> BigInt,
        uuid -> Text,
        namespace_id -> BigInt,
        creator_id -> Nullable<BigInt>,
        account_id -> Nullable<BigInt>,
        team_id -> Nullable<BigInt>,
        role -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    stars (account_id, repository_id) {
        account_id -> BigInt,
        repository_id -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    pull_counts (repository_id, day) {
        repository_id -> BigInt,
        day -> BigInt,
        pulls -> BigInt,
    }
}

diesel::table! {
    blobs (id) {
        id -> BigInt,
        digest -> Text,
        size_bytes -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    blob_locations (blob_id, location) {
        blob_id -> BigInt,
        location -> Text,
        key -> Text,
        checked_at -> BigInt,
        lost_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    garbage_objects (id) {
        id -> BigInt,
        location -> Text,
        key -> Text,
        delete_after -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    blob_links (repository_id, blob_id) {
        repository_id -> BigInt,
        blob_id -> BigInt,
        keep_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    uploads (id) {
        id -> BigInt,
        uuid -> Text,
        repository_id -> BigInt,
        account_id -> Nullable<BigInt>,
        state -> Text,
        offset_bytes -> BigInt,
        hash_state -> Text,
        write_state -> Text,
        leased_by -> Nullable<Text>,
        leased_until -> Nullable<BigInt>,
        expires_at -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    manifests (id) {
        id -> BigInt,
        repository_id -> BigInt,
        digest -> Text,
        media_type -> Text,
        artifact_type -> Nullable<Text>,
        subject_digest -> Nullable<Text>,
        body -> Binary,
        size_bytes -> BigInt,
        content_bytes -> BigInt,
        annotations -> Text,
        os -> Nullable<Text>,
        architecture -> Nullable<Text>,
        variant -> Nullable<Text>,
        keep_until -> Nullable<BigInt>,
        deleted_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    manifest_blobs (manifest_id, position) {
        manifest_id -> BigInt,
        position -> BigInt,
        repository_id -> BigInt,
        blob_id -> BigInt,
        role -> Text,
    }
}

diesel::table! {
    manifest_children (parent_id, position) {
        parent_id -> BigInt,
        position -> BigInt,
        digest -> Text,
        child_id -> Nullable<BigInt>,
        os -> Nullable<Text>,
        architecture -> Nullable<Text>,
        variant -> Nullable<Text>,
    }
}

diesel::table! {
    tags (id) {
        id -> BigInt,
        repository_id -> BigInt,
        name -> Text,
        manifest_id -> BigInt,
        started_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
        restorable_until -> Nullable<BigInt>,
        reversion -> Bool,
        immutable -> Bool,
    }
}

diesel::table! {
    log_entries (id) {
        id -> BigInt,
        kind -> Text,
        namespace_id -> Nullable<BigInt>,
        repository_id -> Nullable<BigInt>,
        performer_id -> Nullable<BigInt>,
        performer_name -> Nullable<Text>,
        ip -> Nullable<Text>,
        occurred_at -> BigInt,
        metadata -> Text,
    }
}

diesel::table! {
    outbox_events (id) {
        id -> BigInt,
        kind -> Text,
        namespace_id -> Nullable<BigInt>,
        repository_id -> Nullable<BigInt>,
        payload -> Text,
        occurred_at -> BigInt,
    }
}

diesel::table! {
    job_schedules (kind) {
        kind -> Text,
        next_run_at -> BigInt,
        locked_by -> Nullable<Text>,
        locked_until -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    service_keys (kid) {
        kid -> Text,
        service -> Text,
        name -> Text,
        public_jwk -> Text,
        private_sealed -> Nullable<Text>,
        metadata -> Text,
        approver -> Nullable<Text>,
        approved_at -> BigInt,
        notes -> Text,
        expires_at -> Nullable<BigInt>,
        rotated_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    registry_facts (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    bulk_changes (id) {
        id -> BigInt,
        account_id -> BigInt,
        oauth_token_id -> Nullable<BigInt>,
        kind -> Text,
        order_json -> Text,
        items_json -> Text,
        total -> BigInt,
        done -> BigInt,
        refused -> BigInt,
        causes_json -> Text,
        state -> Text,
        error -> Nullable<Text>,
        created_at -> BigInt,
        turned_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::joinable!(user_profiles -> accounts (account_id));
diesel::joinable!(sessions -> accounts (account_id));
diesel::joinable!(logins -> accounts (account_id));
diesel::joinable!(email_codes -> accounts (account_id));
diesel::joinable!(app_tokens -> accounts (account_id));
diesel::joinable!(teams -> accounts (namespace_id));
diesel::joinable!(team_members -> teams (team_id));
diesel::joinable!(team_members -> accounts (account_id));
diesel::joinable!(team_invitations -> teams (team_id));
diesel::joinable!(oauth_applications -> accounts (namespace_id));
diesel::joinable!(oauth_tokens -> oauth_applications (application_id));
diesel::joinable!(oauth_tokens -> accounts (account_id));
diesel::joinable!(oauth_codes -> oauth_applications (application_id));
diesel::joinable!(oauth_codes -> accounts (account_id));
diesel::joinable!(oauth_assignments -> oauth_applications (application_id));
diesel::joinable!(oauth_assignments -> accounts (account_id));
diesel::joinable!(repositories -> accounts (namespace_id));
diesel::joinable!(repository_permissions -> repositories (repository_id));
diesel::joinable!(repository_permissions -> accounts (account_id));
diesel::joinable!(repository_permissions -> teams (team_id));
diesel::joinable!(blob_locations -> blobs (blob_id));
diesel::joinable!(blob_links -> repositories (repository_id));
diesel::joinable!(blob_links -> blobs (blob_id));
diesel::joinable!(uploads -> repositories (repository_id));
diesel::joinable!(uploads -> accounts (account_id));
diesel::joinable!(manifests -> repositories (repository_id));
diesel::joinable!(manifest_blobs -> manifests (manifest_id));
diesel::joinable!(manifest_blobs -> blobs (blob_id));
diesel::joinable!(tags -> repositories (repository_id));
diesel::joinable!(tags -> manifests (manifest_id));

diesel::allow_tables_to_appear_in_same_query!(
    accounts,
    user_profiles,
    robot_profiles,
    login_failures,
    logins,
    email_codes,
    mails,
    app_tokens,
    messages,
    notifications,
    sessions,
    teams,
    team_members,
    team_invitations,
    oauth_applications,
    oauth_tokens,
    oauth_codes,
    oauth_assignments,
    repositories,
    repository_permissions,
    permission_prototypes,
    stars,
    blobs,
    blob_locations,
    garbage_objects,
    blob_links,
    uploads,
    manifests,
    manifest_blobs,
    manifest_children,
    tags,
    log_entries,
    outbox_events,
    job_schedules,
    bulk_changes,
    service_keys,
    registry_facts,
);
