-- What happened, what is to be done, and the keys.

-- Ids without foreign keys: rows outlive what they name.
create table log_entries (
    id integer primary key autoincrement,
    kind text not null,
    namespace_id bigint,
    repository_id bigint,
    performer_id bigint,
    performer_name text,
    ip text,
    occurred_at bigint not null,
    metadata text not null
);
create index log_entries_namespace_idx on log_entries (namespace_id, occurred_at, id);
create index log_entries_repository_idx on log_entries (repository_id, occurred_at, id);
create index log_entries_performer_idx on log_entries (performer_id, occurred_at, id);
create index log_entries_occurred_at_idx on log_entries (occurred_at);

-- Changes that subscribers on any replica wait for; swept after an hour.
create table outbox_events (
    id integer primary key autoincrement,
    kind text not null,
    namespace_id bigint,
    repository_id bigint,
    payload text not null,
    occurred_at bigint not null
);
create index outbox_events_occurred_at_idx on outbox_events (occurred_at);

-- Periodic work: a row, not a process timer, decides who runs it and when.
create table job_schedules (
    kind text primary key,
    next_run_at bigint not null,
    locked_by text,
    locked_until bigint,
    last_error text
);

-- Keys of this registry, whose private half is here, and of services beside it, whose private half was told once.
create table service_keys (
    kid text primary key,
    service text not null,
    name text not null,
    public_jwk text not null,
    private_sealed text,
    metadata text not null default '{}',
    approver text, -- by name; null for those that the registry makes for itself
    approved_at bigint not null,
    notes text not null default '', -- of the approval
    expires_at bigint,
    rotated_at bigint, -- since then it only verifies
    created_at bigint not null
);
create index service_keys_service_idx on service_keys (service, created_at);
create index service_keys_created_at_idx on service_keys (created_at, kid);

-- Single facts about this registry, such as the canary that tells a wrong sealing key.
create table registry_facts (
    name text primary key,
    value text not null
);
