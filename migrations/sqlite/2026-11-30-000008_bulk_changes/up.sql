-- Changes of more repositories than one transaction takes. A worker goes on with them, some at a time; each is asked for once.
create table bulk_changes (
    id integer primary key autoincrement,
    account_id bigint not null references accounts (id) on delete cascade, -- the user who asked, whose rights count at each step
    oauth_token_id bigint, -- by which it was asked; no reference, since the change ends with the token and tells so
    kind text not null,
    order_json text not null, -- what is to be done, and from where it was asked
    items_json text not null, -- to which repositories, by id; empty once it has ended
    total bigint not null,
    done bigint not null default 0, -- how many of the items were looked at, from the first
    refused bigint not null default 0, -- how many of those were left as they are
    causes_json text not null default '[]', -- why, of the first of them
    state text not null default 'running',
    error text, -- why all of it ended early
    created_at bigint not null,
    turned_at bigint not null, -- when its last step was: changes take turns
    ended_at bigint,
    constraint bulk_changes_kind_check check (kind in ('visibility', 'deletion', 'permissions')),
    constraint bulk_changes_state_check check (state in ('running', 'done', 'failed', 'cancelled')),
    constraint bulk_changes_ended_check check ((state = 'running') = (ended_at is null)),
    constraint bulk_changes_done_check check (done between 0 and total and refused between 0 and done)
);
create index bulk_changes_account_id_idx on bulk_changes (account_id, id);
create index bulk_changes_turned_at_idx on bulk_changes (turned_at, id) where ended_at is null;
create index bulk_changes_ended_at_idx on bulk_changes (ended_at);
