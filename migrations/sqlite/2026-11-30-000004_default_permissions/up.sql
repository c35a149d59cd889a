-- Roles that new repositories of an organization begin with.
create table permission_prototypes (
    id integer primary key autoincrement,
    uuid text not null,
    namespace_id bigint not null references accounts (id) on delete cascade,
    creator_id bigint references accounts (id) on delete cascade, -- whose new repositories; null for everybody's
    account_id bigint references accounts (id) on delete cascade,
    team_id bigint references teams (id) on delete cascade,
    role text not null,
    created_at bigint not null,
    constraint permission_prototypes_uuid_key unique (uuid),
    constraint permission_prototypes_subject_check check ((account_id is null) <> (team_id is null)),
    constraint permission_prototypes_role_check check (role in ('read', 'write', 'admin'))
);
create index permission_prototypes_namespace_id_idx on permission_prototypes (namespace_id, id);
create index permission_prototypes_creator_id_idx on permission_prototypes (creator_id);
create index permission_prototypes_account_id_idx on permission_prototypes (account_id);
create index permission_prototypes_team_id_idx on permission_prototypes (team_id);
