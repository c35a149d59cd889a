-- What happened in a repository: lifetimes of its tags by their start, ended ones too, and how often it was pulled from.
create index tags_started_at_idx on tags (repository_id, started_at, id);

-- No reference: a pull may be counted while its repository goes. Days run out by themselves.
create table pull_counts (
    repository_id bigint not null,
    day bigint not null, -- since 1970, UTC
    pulls bigint not null,
    primary key (repository_id, day)
);
create index pull_counts_day_idx on pull_counts (day);
