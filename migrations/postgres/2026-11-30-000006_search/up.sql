-- What search finds things by. Triggers keep it, so that nothing that writes can forget it.

-- Names from each of their characters on, and the beginning of descriptions from each of their words on, in lower case:
-- whatever is looked for begins a part. A row names what it finds without a foreign key: the triggers remove it.
create table search_parts (
    kind text not null,
    subject_id bigint not null,
    namespace_id bigint not null, -- whose it is; of a namespace itself
    is_public boolean not null, -- of a namespace: whether a public repository is in it
    rank bigint not null, -- 0 where the name begins, 1 inside of it, 2 in the description
    part text collate "C" not null, -- of 24 characters at most
    primary key (kind, subject_id, rank, part),
    constraint search_parts_kind_check check (kind in ('repository', 'organization', 'team', 'user', 'robot')),
    constraint search_parts_rank_check check (rank in (0, 1, 2))
);
create index search_parts_namespace_idx on search_parts (kind, namespace_id, rank, part, subject_id);
create index search_parts_part_idx on search_parts (kind, is_public, rank, part, subject_id);

-- Where parts may begin: names have 255 characters at most, and of descriptions 500 are looked at.
create table search_places (place bigint primary key);
insert into search_places (place) select place from generate_series(1, 500) as places (place);

-- Has something be found by these from then on, and by nothing else; by an empty name nothing is.
create function search_keep(
    of_kind text, of_subject bigint, of_namespace bigint, of_public boolean, of_name text, of_description text
) returns void language sql as $$
    -- With a name the call has the collation of names, by which the index is not ordered.
    delete from search_parts where kind = of_kind collate "default" and subject_id = of_subject;
    insert into search_parts (kind, subject_id, namespace_id, is_public, rank, part)
    select of_kind, of_subject, of_namespace, of_public,
        case w.place when 1 then 0 else 1 end, lower(substr(of_name, w.place::int, 24) collate "C")
    from search_places w where w.place <= length(of_name)
    union
    -- A word begins behind what is no letter, and each letter of a script beyond ASCII begins one: some have no spaces.
    select of_kind, of_subject, of_namespace, of_public, 2, lower(substr(of_description, w.place::int, 24) collate "C")
    from search_places w where w.place <= length(of_description)
        and (ascii(substr(of_description, w.place::int, 1)) > 127
            or (substr(of_description, w.place::int, 1) collate "C" ~ '[A-Za-z0-9]'
                and ascii(substr(' ' || of_description, w.place::int, 1)) <= 127
                and substr(' ' || of_description, w.place::int, 1) collate "C" !~ '[A-Za-z0-9]'));
$$;

-- Looks at the publicity of a namespace. Of two who change it at once the second sees what the first has done.
create function search_look_at_publicity(of_namespace bigint) returns void language plpgsql as $$
declare
    has_public boolean;
begin
    perform 1 from accounts where id = of_namespace for no key update;
    has_public := exists (select 1 from repositories r
        where r.namespace_id = of_namespace and r.visibility = 'public' and r.deleting_at is null);
    update search_parts set is_public = has_public
    where kind in ('organization', 'user') and subject_id = of_namespace and is_public <> has_public;
end;
$$;

create function search_accounts() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then
        delete from search_parts where kind = old.kind and subject_id = old.id;
    end if;
    if tg_op <> 'DELETE' and new.name is not null then
        perform search_keep(new.kind, new.id, new.id, false, new.name, '');
        if tg_op = 'UPDATE' then
            perform search_look_at_publicity(new.id);
        end if;
    end if;
    return null;
end;
$$;
create trigger accounts_search_insert after insert on accounts
    for each row when (new.name is not null) execute function search_accounts();
create trigger accounts_search_update after update of name, kind on accounts
    for each row when (old.name is distinct from new.name or old.kind <> new.kind) execute function search_accounts();
create trigger accounts_search_delete after delete on accounts
    for each row when (old.name is not null) execute function search_accounts();

create function search_robots() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        delete from search_parts where kind = 'robot' and subject_id = old.account_id;
    else
        perform search_keep('robot', new.account_id, new.namespace_id, false, new.short_name, '');
    end if;
    return null;
end;
$$;
create trigger robot_profiles_search after insert or delete or update of namespace_id, short_name on robot_profiles
    for each row execute function search_robots();

create function search_teams() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        delete from search_parts where kind = 'team' and subject_id = old.id;
    else
        perform search_keep('team', new.id, new.namespace_id, false, new.name, '');
    end if;
    return null;
end;
$$;
create trigger teams_search after insert or delete or update of namespace_id, name on teams
    for each row execute function search_teams();

-- A repository that is being removed is not found any more, since its row says so; its parts go with the row.
create function search_repositories() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        delete from search_parts where kind = 'repository' and subject_id = old.id;
    else
        perform search_keep(
            'repository', new.id, new.namespace_id, new.visibility = 'public', new.name, substr(new.description, 1, 500));
    end if;
    return null;
end;
$$;
create trigger repositories_search
    after insert or delete or update of namespace_id, name, visibility, description on repositories
    for each row execute function search_repositories();

-- Whether a namespace has something public. One that is being removed is found by nobody, and may hold very much.
create function search_publicity() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and exists (select 1 from accounts a where a.id = new.namespace_id and a.deleting_at is not null) then
        return null;
    end if;
    perform search_look_at_publicity(n.id)
    from (select old.namespace_id union select new.namespace_id) as n (id) where n.id is not null;
    return null;
end;
$$;
create trigger repositories_publicity_insert after insert on repositories
    for each row when (new.visibility = 'public') execute function search_publicity();
create trigger repositories_publicity_update after update of namespace_id, visibility, deleting_at on repositories
    for each row when ('public' in (old.visibility, new.visibility)) execute function search_publicity();
create trigger repositories_publicity_delete after delete on repositories
    for each row when (old.visibility = 'public' and old.deleting_at is null) execute function search_publicity();

-- What is there already.
do $$
begin
    perform search_keep(a.kind, a.id, a.id, false, a.name, '') from accounts a where a.name is not null;
    perform search_keep('robot', p.account_id, p.namespace_id, false, p.short_name, '') from robot_profiles p;
    perform search_keep('team', t.id, t.namespace_id, false, t.name, '') from teams t;
    perform search_keep(
        'repository', r.id, r.namespace_id, r.visibility = 'public', r.name, substr(r.description, 1, 500)) from repositories r;
    perform search_look_at_publicity(a.id) from accounts a where a.name is not null;
end;
$$;
