-- What search finds things by. Triggers keep it, so that nothing that writes can forget it.

-- Names from each of their characters on, and the beginning of descriptions from each of their words on, in lower case:
-- whatever is looked for begins a part. A row names what it finds without a foreign key: the triggers remove it.
create table search_parts (
    kind text not null,
    subject_id bigint not null,
    namespace_id bigint not null, -- whose it is; of a namespace itself
    is_public boolean not null, -- of a namespace: whether a public repository is in it
    rank bigint not null, -- 0 where the name begins, 1 inside of it, 2 in the description
    part text not null, -- of 24 characters at most
    primary key (kind, subject_id, rank, part),
    constraint search_parts_kind_check check (kind in ('repository', 'organization', 'team', 'user', 'robot')),
    constraint search_parts_rank_check check (rank in (0, 1, 2))
) without rowid;
create index search_parts_namespace_idx on search_parts (kind, namespace_id, rank, part, subject_id);
create index search_parts_part_idx on search_parts (kind, is_public, rank, part, subject_id);

-- Where parts may begin: names have 255 characters at most, and of descriptions 500 are looked at.
create table search_places (place integer primary key);
with recursive places (place) as (select 1 union all select place + 1 from places where place < 500)
insert into search_places (place) select place from places;

-- What is written into this view is found from then on, and by nothing else; by an empty name nothing is.
create view search_subjects as
    select '' as kind, 0 as subject_id, 0 as namespace_id, false as is_public, '' as name, '' as description where false;
create trigger search_subjects_insert instead of insert on search_subjects begin
    delete from search_parts where kind = new.kind and subject_id = new.subject_id;
    insert into search_parts (kind, subject_id, namespace_id, is_public, rank, part)
    select new.kind, new.subject_id, new.namespace_id, new.is_public,
        case w.place when 1 then 0 else 1 end, lower(substr(new.name, w.place, 24))
    from search_places w where w.place <= length(new.name)
    union
    -- A word begins behind what is no letter, and each letter of a script beyond ASCII begins one: some have no spaces.
    select new.kind, new.subject_id, new.namespace_id, new.is_public, 2, lower(substr(new.description, w.place, 24))
    from search_places w where w.place <= length(new.description)
        and (unicode(substr(new.description, w.place, 1)) > 127
            or (substr(new.description, w.place, 1) glob '[A-Za-z0-9]'
                and unicode(substr(' ' || new.description, w.place, 1)) <= 127
                and substr(' ' || new.description, w.place, 1) not glob '[A-Za-z0-9]'));
end;

-- A namespace whose id is written into this view has its publicity looked at.
create view search_publicity as select 0 as namespace_id where false;
create trigger search_publicity_insert instead of insert on search_publicity begin
    update search_parts
    set is_public = exists (select 1 from repositories r
        where r.namespace_id = new.namespace_id and r.visibility = 'public' and r.deleting_at is null)
    where kind in ('organization', 'user') and subject_id = new.namespace_id
        and is_public <> exists (select 1 from repositories r
            where r.namespace_id = new.namespace_id and r.visibility = 'public' and r.deleting_at is null);
end;

create trigger accounts_search_insert after insert on accounts when new.name is not null begin
    insert into search_subjects values (new.kind, new.id, new.id, false, new.name, '');
end;
create trigger accounts_search_update after update of name, kind on accounts
when old.name is not new.name or old.kind <> new.kind begin
    delete from search_parts where kind = old.kind and subject_id = old.id;
    insert into search_subjects
    select new.kind, new.id, new.id, false, new.name, '' where new.name is not null;
    insert into search_publicity values (new.id);
end;
create trigger accounts_search_delete after delete on accounts when old.name is not null begin
    delete from search_parts where kind = old.kind and subject_id = old.id;
end;

create trigger robot_profiles_search_insert after insert on robot_profiles begin
    insert into search_subjects values ('robot', new.account_id, new.namespace_id, false, new.short_name, '');
end;
create trigger robot_profiles_search_update after update of namespace_id, short_name on robot_profiles begin
    insert into search_subjects values ('robot', new.account_id, new.namespace_id, false, new.short_name, '');
end;
create trigger robot_profiles_search_delete after delete on robot_profiles begin
    delete from search_parts where kind = 'robot' and subject_id = old.account_id;
end;

create trigger teams_search_insert after insert on teams begin
    insert into search_subjects values ('team', new.id, new.namespace_id, false, new.name, '');
end;
create trigger teams_search_update after update of namespace_id, name on teams begin
    insert into search_subjects values ('team', new.id, new.namespace_id, false, new.name, '');
end;
create trigger teams_search_delete after delete on teams begin
    delete from search_parts where kind = 'team' and subject_id = old.id;
end;

-- A repository that is being removed is not found any more, since its row says so; its parts go with the row.
create trigger repositories_search_insert after insert on repositories begin
    insert into search_subjects
    values ('repository', new.id, new.namespace_id, new.visibility = 'public', new.name, substr(new.description, 1, 500));
end;
create trigger repositories_search_update after update of namespace_id, name, visibility, description on repositories begin
    insert into search_subjects
    values ('repository', new.id, new.namespace_id, new.visibility = 'public', new.name, substr(new.description, 1, 500));
end;
create trigger repositories_search_delete after delete on repositories begin
    delete from search_parts where kind = 'repository' and subject_id = old.id;
end;

-- Whether a namespace has something public. One that is being removed is found by nobody, and may hold very much.
create trigger repositories_publicity_insert after insert on repositories when new.visibility = 'public' begin
    insert into search_publicity values (new.namespace_id);
end;
create trigger repositories_publicity_update after update of namespace_id, visibility, deleting_at on repositories
when 'public' in (old.visibility, new.visibility)
    and exists (select 1 from accounts a where a.id = new.namespace_id and a.deleting_at is null) begin
    insert into search_publicity select old.namespace_id union select new.namespace_id;
end;
create trigger repositories_publicity_delete after delete on repositories
when old.visibility = 'public' and old.deleting_at is null begin
    insert into search_publicity values (old.namespace_id);
end;

-- What is there already.
insert into search_subjects
select a.kind, a.id, a.id, false, a.name, '' from accounts a where a.name is not null;
insert into search_subjects
select 'robot', p.account_id, p.namespace_id, false, p.short_name, '' from robot_profiles p;
insert into search_subjects
select 'team', t.id, t.namespace_id, false, t.name, '' from teams t;
insert into search_subjects
select 'repository', r.id, r.namespace_id, r.visibility = 'public', r.name, substr(r.description, 1, 500) from repositories r;
insert into search_publicity select a.id from accounts a where a.name is not null;
