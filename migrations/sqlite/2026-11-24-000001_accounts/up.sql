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
create index accounts_kind_idx on accounts (kind, enabled, name);
create unique index accounts_user_email_key on accounts (lower(email)) where kind = 'user' and email is not null;
create index accounts_organization_email_idx on accounts (lower(email)) where kind = 'organization' and email is not null;

create table user_profiles (
    account_id bigint primary key references accounts (id) on delete cascade,
    email_verified boolean not null default false,
    superuser boolean not null default false, -- the first user, where SUPER_USERS names nobody
    given_name text,
    family_name text,
    company text,
    location text
);
create index user_profiles_superuser_idx on user_profiles (account_id) where superuser;

-- Ways to prove who one is: an account may have several. Of kind `password` there is one at most, and its subject is
-- the account's uuid, which outlives a new name.
create table logins (
    id integer primary key autoincrement,
    account_id bigint not null references accounts (id) on delete cascade,
    kind text not null,
    subject text not null,
    password_hash text, -- for passwords
    created_at bigint not null,
    constraint logins_subject_key unique (kind, subject),
    constraint logins_kind_check check (kind in ('password')),
    constraint logins_password_check check ((kind = 'password') = (password_hash is not null))
);
create index logins_account_id_idx on logins (account_id, kind);

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
create index sessions_account_id_idx on sessions (account_id, id);
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

-- What asks users for access, one or more for each organization.
create table oauth_applications (
    id integer primary key autoincrement,
    namespace_id bigint not null references accounts (id) on delete cascade,
    client_id text not null,
    secret_sealed text not null, -- administrators read it again
    name text not null,
    homepage text not null default '',
    description text not null default '',
    avatar_email text,
    redirect_prefix text not null default '', -- begins every address that browsers are sent back to; empty for none
    created_at bigint not null,
    constraint oauth_applications_client_id_key unique (client_id)
);
create index oauth_applications_namespace_id_idx on oauth_applications (namespace_id, id);
create index oauth_applications_name_idx on oauth_applications (namespace_id, lower(name), id);

create table oauth_tokens (
    id integer primary key autoincrement,
    uuid text not null,
    application_id bigint not null references oauth_applications (id) on delete cascade,
    account_id bigint not null references accounts (id) on delete cascade,
    name text, -- of one that an administrator made; null for what a user has consented to
    scopes text not null,
    token_hash text not null,
    code_hash text, -- of the code that it was given for, which ends it when it is shown again
    last_used_at bigint,
    expires_at bigint not null,
    created_at bigint not null,
    constraint oauth_tokens_uuid_key unique (uuid),
    constraint oauth_tokens_token_hash_key unique (token_hash)
);
create index oauth_tokens_application_id_idx on oauth_tokens (application_id, id);
create index oauth_tokens_account_id_idx on oauth_tokens (account_id, id);
create index oauth_tokens_code_hash_idx on oauth_tokens (code_hash) where code_hash is not null;
create index oauth_tokens_expires_at_idx on oauth_tokens (expires_at);

-- What a user has consented to, until the application fetches its token. Each works once.
create table oauth_codes (
    id integer primary key autoincrement,
    application_id bigint not null references oauth_applications (id) on delete cascade,
    account_id bigint not null references accounts (id) on delete cascade,
    code_hash text not null,
    scopes text not null,
    redirect_uri text not null,
    expires_at bigint not null,
    created_at bigint not null,
    constraint oauth_codes_code_hash_key unique (code_hash)
);
create index oauth_codes_application_id_idx on oauth_codes (application_id);
create index oauth_codes_account_id_idx on oauth_codes (account_id);
create index oauth_codes_expires_at_idx on oauth_codes (expires_at);

-- What an administrator wants another user to consent to; gone with the consent.
create table oauth_assignments (
    id integer primary key autoincrement,
    uuid text not null,
    application_id bigint not null references oauth_applications (id) on delete cascade,
    account_id bigint not null references accounts (id) on delete cascade,
    scopes text not null,
    redirect_uri text not null,
    response_type text not null,
    created_at bigint not null,
    constraint oauth_assignments_uuid_key unique (uuid),
    constraint oauth_assignments_response_type_check check (response_type in ('code', 'token'))
);
create index oauth_assignments_application_id_idx on oauth_assignments (application_id, id);
create index oauth_assignments_account_id_idx on oauth_assignments (account_id, id);

-- Codes in links that were mailed; each works once.
create table email_codes (
    id integer primary key autoincrement,
    account_id bigint not null references accounts (id) on delete cascade,
    purpose text not null,
    email text not null, -- the address that the code was sent to, which it proves
    code_hash text not null,
    expires_at bigint not null,
    created_at bigint not null,
    constraint email_codes_code_hash_key unique (code_hash),
    constraint email_codes_purpose_check check (purpose in ('confirm', 'recover'))
);
create index email_codes_account_id_idx on email_codes (account_id, purpose);
create index email_codes_expires_at_idx on email_codes (expires_at);

-- Mail on its way out. Its text is made when it goes out, with a code that no row holds.
create table mails (
    id integer primary key autoincrement,
    purpose text not null,
    recipient text not null,
    account_id bigint references accounts (id) on delete cascade, -- null where it is looked up when the mail goes out
    code_hash text, -- of the last attempt, which ends when there is another
    attempt bigint not null default 0,
    send_at bigint not null,
    created_at bigint not null
);
create index mails_send_at_idx on mails (send_at);
create unique index mails_account_key on mails (account_id, purpose, recipient) where account_id is not null;
create unique index mails_recipient_key on mails (purpose, recipient) where account_id is null;

-- Tokens that a user's clients use instead of the password.
create table app_tokens (
    id integer primary key autoincrement,
    uuid text not null,
    account_id bigint not null references accounts (id) on delete cascade,
    title text not null,
    token_sealed text not null,
    token_hash text not null,
    last_used_at bigint,
    expires_at bigint,
    created_at bigint not null,
    constraint app_tokens_uuid_key unique (uuid),
    constraint app_tokens_token_hash_key unique (token_hash)
);
create index app_tokens_account_id_idx on app_tokens (account_id, id);
create index app_tokens_expires_at_idx on app_tokens (expires_at);

-- What superusers tell everybody.
create table messages (
    id integer primary key autoincrement,
    uuid text not null,
    content text not null,
    severity text not null,
    media_type text not null,
    created_at bigint not null,
    constraint messages_uuid_key unique (uuid),
    constraint messages_severity_check check (severity in ('info', 'warning', 'error')),
    constraint messages_media_type_check check (media_type in ('text/plain', 'text/markdown'))
);

-- What stands in the bell, a row for each user who is told.
create table notifications (
    id integer primary key autoincrement,
    uuid text not null,
    account_id bigint not null references accounts (id) on delete cascade,
    kind text not null,
    subject text not null, -- what it is about: of the same nobody is told twice
    namespace_id bigint references accounts (id) on delete cascade, -- the organization that it is about
    as_administrator boolean not null, -- told to administrators of that organization, and to nobody who is none any more
    metadata text not null,
    dismissed boolean not null default false,
    created_at bigint not null,
    constraint notifications_uuid_key unique (uuid),
    constraint notifications_subject_key unique (account_id, kind, subject)
);
create index notifications_account_id_idx on notifications (account_id, id);
create index notifications_namespace_id_idx on notifications (namespace_id);
create index notifications_subject_idx on notifications (kind, subject);
create index notifications_created_at_idx on notifications (created_at);
