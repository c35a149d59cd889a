-- Who exists and how they prove it.

create table accounts (
    id integer primary key autoincrement,
    uuid text not null,
    kind text not null,
    name text, -- null for robots: their namespace and short name are joined, so a rename is one row
    email text,
    enabled boolean not null default true,
    last_accessed_at bigint,
    tag_expiration_ms bigint, -- how long the Time Machine reaches back here; null for the registry's default
    deleting_at bigint, -- the name stays reserved until everything below it is collected
    created_at bigint not null,
    constraint accounts_uuid_key unique (uuid),
    constraint accounts_name_key unique (name),
    constraint accounts_kind_check check (kind in ('user', 'organization', 'robot'))
);
create index accounts_deleting_at_idx on accounts (deleting_at) where deleting_at is not null;
create unique index accounts_user_email_key on accounts (lower(email)) where kind = 'user' and email is not null;

create table user_profiles (
    account_id bigint primary key references accounts (id) on delete cascade,
    password_hash text, -- null for accounts that sign in elsewhere
    email_verified boolean not null default false,
    superuser boolean not null default false -- the first user, where SUPER_USERS names nobody
);

create table robot_profiles (
    account_id bigint primary key references accounts (id) on delete cascade,
    namespace_id bigint not null references accounts (id) on delete cascade,
    short_name text not null,
    description text not null default '',
    metadata text not null default '{}',
    token_sealed text not null,
    token_hash text not null,
    constraint robot_profiles_short_name_key unique (namespace_id, short_name)
);

-- One row for each account and address that failed lately, and one (account 0) for the address over all accounts.
create table login_failures (
    account_id bigint not null,
    address text not null,
    failures bigint not null,
    retry_at bigint not null,
    primary key (account_id, address)
);
create index login_failures_retry_at_idx on login_failures (retry_at);

create table sessions (
    id integer primary key autoincrement,
    token_hash text not null,
    account_id bigint not null references accounts (id) on delete cascade,
    ip text,
    user_agent text,
    authenticated_at bigint not null, -- for what demands a fresh login
    expires_at bigint not null,
    created_at bigint not null,
    constraint sessions_token_hash_key unique (token_hash)
);
create index sessions_account_id_idx on sessions (account_id);
create index sessions_expires_at_idx on sessions (expires_at);

create table teams (
    id integer primary key autoincrement,
    namespace_id bigint not null references accounts (id) on delete cascade,
    name text not null,
    role text not null,
    description text not null default '',
    created_at bigint not null,
    constraint teams_name_key unique (namespace_id, name),
    constraint teams_role_check check (role in ('member', 'creator', 'admin'))
);

create table team_members (
    team_id bigint not null references teams (id) on delete cascade,
    account_id bigint not null references accounts (id) on delete cascade,
    created_at bigint not null,
    primary key (team_id, account_id)
);
create index team_members_account_id_idx on team_members (account_id);

create table oauth_applications (
    id integer primary key autoincrement,
    namespace_id bigint not null references accounts (id) on delete cascade,
    client_id text not null,
    name text not null,
    created_at bigint not null,
    constraint oauth_applications_client_id_key unique (client_id)
);
create index oauth_applications_namespace_id_idx on oauth_applications (namespace_id);

create table oauth_tokens (
    id integer primary key autoincrement,
    uuid text not null,
    application_id bigint not null references oauth_applications (id) on delete cascade,
    account_id bigint not null references accounts (id) on delete cascade,
    scopes text not null,
    token_hash text not null,
    last_used_at bigint,
    expires_at bigint not null,
    created_at bigint not null,
    constraint oauth_tokens_uuid_key unique (uuid),
    constraint oauth_tokens_token_hash_key unique (token_hash)
);
create index oauth_tokens_application_id_idx on oauth_tokens (application_id);
create index oauth_tokens_account_id_idx on oauth_tokens (account_id);
