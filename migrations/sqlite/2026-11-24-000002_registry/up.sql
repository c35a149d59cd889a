-- What is stored: repositories, blobs, uploads, manifests, tags.

create table repositories (
    id integer primary key autoincrement,
    namespace_id bigint not null references accounts (id) on delete cascade,
    name text not null,
    visibility text not null,
    state text not null default 'normal',
    description text not null default '',
    last_pushed_at bigint,
    deleting_at bigint, -- unreachable at once; its name is free again
    created_at bigint not null,
    constraint repositories_visibility_check check (visibility in ('public', 'private')),
    constraint repositories_state_check check (state in ('normal', 'read_only', 'mirror'))
);
create unique index repositories_live_name_key on repositories (namespace_id, name) where deleting_at is null;
create index repositories_public_idx on repositories (namespace_id, name) where visibility = 'public' and deleting_at is null;
-- By latest push, as listings say it: what was never pushed to counts as the beginning of time.
create index repositories_pushed_idx on repositories (coalesce(last_pushed_at, 0), id) where deleting_at is null;
create index repositories_namespace_pushed_idx on repositories (namespace_id, coalesce(last_pushed_at, 0), id) where deleting_at is null;
create index repositories_public_pushed_idx on repositories (coalesce(last_pushed_at, 0), id) where visibility = 'public' and deleting_at is null;
create index repositories_deleting_at_idx on repositories (deleting_at) where deleting_at is not null;

create table repository_permissions (
    id integer primary key autoincrement,
    repository_id bigint not null references repositories (id) on delete cascade,
    account_id bigint references accounts (id) on delete cascade,
    team_id bigint references teams (id) on delete cascade,
    role text not null,
    created_at bigint not null,
    constraint repository_permissions_account_key unique (repository_id, account_id),
    constraint repository_permissions_team_key unique (repository_id, team_id),
    constraint repository_permissions_subject_check check ((account_id is null) <> (team_id is null)),
    constraint repository_permissions_role_check check (role in ('read', 'write', 'admin'))
);
create index repository_permissions_account_id_idx on repository_permissions (account_id);
create index repository_permissions_team_id_idx on repository_permissions (team_id);

-- Repositories that users keep at hand.
create table stars (
    account_id bigint not null references accounts (id) on delete cascade,
    repository_id bigint not null references repositories (id) on delete cascade,
    created_at bigint not null,
    primary key (account_id, repository_id)
);
create index stars_repository_id_idx on stars (repository_id);

create table blobs (
    id integer primary key autoincrement,
    digest text not null,
    size_bytes bigint not null,
    created_at bigint not null,
    constraint blobs_digest_key unique (digest)
);

-- Where the bytes are; a key is written once and never again.
create table blob_locations (
    blob_id bigint not null references blobs (id) on delete cascade,
    location text not null,
    key text not null,
    checked_at bigint not null, -- when the bytes were last known to be right
    lost_at bigint, -- since when they are missing or wrong; the next push replaces them
    primary key (blob_id, location)
);
create unique index blob_locations_key_key on blob_locations (key);
create index blob_locations_checked_at_idx on blob_locations (checked_at);
create index blob_locations_lost_idx on blob_locations (checked_at) where lost_at is not null;

-- Objects whose rows are gone; deleted after a grace period for readers that still hold them.
create table garbage_objects (
    id integer primary key autoincrement,
    location text not null,
    key text not null,
    delete_after bigint not null,
    created_at bigint not null
);
create index garbage_objects_delete_after_idx on garbage_objects (delete_after);
create index garbage_objects_key_idx on garbage_objects (key);

-- Which repository may read a blob, and until when a push shields it from collection.
create table blob_links (
    repository_id bigint not null references repositories (id) on delete cascade,
    blob_id bigint not null references blobs (id), -- no cascade: a lost race with the collector must be an error
    keep_until bigint,
    primary key (repository_id, blob_id)
);
create index blob_links_blob_id_idx on blob_links (blob_id);
create index blob_links_keep_until_idx on blob_links (keep_until) where keep_until is not null;

create table uploads (
    id integer primary key autoincrement,
    uuid text not null,
    repository_id bigint not null references repositories (id) on delete cascade,
    account_id bigint references accounts (id) on delete set null,
    state text not null,
    offset_bytes bigint not null default 0,
    hash_state text not null, -- the hash so far, with the version of its format
    write_state text not null, -- what the storage driver needs to go on: key, parts, tail
    leased_by text,
    leased_until bigint,
    expires_at bigint not null,
    created_at bigint not null,
    constraint uploads_uuid_key unique (uuid),
    constraint uploads_state_check check (state in ('open', 'committed', 'cancelled', 'expired')),
    constraint uploads_offset_check check (offset_bytes >= 0)
);
create index uploads_repository_id_idx on uploads (repository_id);
create index uploads_account_id_idx on uploads (account_id);
create index uploads_expires_at_idx on uploads (expires_at);

create table manifests (
    id integer primary key autoincrement,
    repository_id bigint not null references repositories (id) on delete cascade,
    digest text not null,
    media_type text not null,
    artifact_type text,
    subject_digest text,
    body blob not null, -- exactly what was pushed
    size_bytes bigint not null, -- of the body
    content_bytes bigint not null, -- of what it names
    annotations text not null default '{}', -- bounded; longer ones are cut here, never in the body
    os text,
    architecture text,
    variant text,
    keep_until bigint, -- lease of a push by digest
    deleted_at bigint, -- deleted by digest: hidden from readers, while the Time Machine may still bring it back
    created_at bigint not null,
    constraint manifests_digest_key unique (repository_id, digest)
);
create index manifests_subject_idx on manifests (repository_id, subject_digest, digest) where subject_digest is not null;
create index manifests_keep_until_idx on manifests (keep_until) where keep_until is not null;

create table manifest_blobs (
    manifest_id bigint not null references manifests (id) on delete cascade,
    position bigint not null,
    repository_id bigint not null, -- of the manifest, so that one look tells whether a repository needs a blob
    blob_id bigint not null references blobs (id),
    role text not null,
    primary key (manifest_id, position),
    constraint manifest_blobs_role_check check (role in ('config', 'layer'))
);
create index manifest_blobs_blob_id_idx on manifest_blobs (blob_id, repository_id);

create table manifest_children (
    parent_id bigint not null references manifests (id) on delete cascade,
    position bigint not null,
    digest text not null,
    child_id bigint references manifests (id) on delete set null, -- null while a sparse index waits for it
    os text,
    architecture text,
    variant text,
    primary key (parent_id, position)
);
create index manifest_children_child_id_idx on manifest_children (child_id);
create index manifest_children_absent_idx on manifest_children (digest) where child_id is null;

-- A row is one lifetime of a name; deleting and moving end it, nothing is removed until the window has passed.
create table tags (
    id integer primary key autoincrement,
    repository_id bigint not null references repositories (id) on delete cascade,
    name text not null,
    manifest_id bigint not null references manifests (id) on delete cascade,
    started_at bigint not null,
    expires_at bigint,
    ended_at bigint,
    restorable_until bigint, -- of an ended one
    reversion boolean not null default false,
    immutable boolean not null default false
);
create unique index tags_live_name_key on tags (repository_id, name) where ended_at is null;
create index tags_history_idx on tags (repository_id, name, id);
create index tags_live_started_at_idx on tags (repository_id, started_at, id) where ended_at is null;
create index tags_manifest_id_idx on tags (manifest_id);
create index tags_restorable_until_idx on tags (restorable_until) where restorable_until is not null;
create index tags_expires_at_idx on tags (expires_at) where expires_at is not null and ended_at is null;
