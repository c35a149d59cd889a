-- Who is asked to come into a team and has not answered yet.
create table team_invitations (
    id integer primary key autoincrement,
    uuid text not null, -- what the bell and administrators call it; the user who is asked answers by it
    team_id bigint not null references teams (id) on delete cascade,
    account_id bigint references accounts (id) on delete cascade, -- the user who is asked
    email text, -- or the address whose reader is asked, in small letters
    inviter_id bigint references accounts (id) on delete set null, -- who asked last
    code_hash text, -- of the code in the last mail; null before the first one
    code_expires_at bigint,
    created_at bigint not null,
    constraint team_invitations_uuid_key unique (uuid),
    constraint team_invitations_code_hash_key unique (code_hash),
    constraint team_invitations_account_key unique (team_id, account_id),
    constraint team_invitations_email_key unique (team_id, email),
    constraint team_invitations_subject_check check ((account_id is null) <> (email is null)),
    constraint team_invitations_code_check check ((code_hash is null) = (code_expires_at is null))
);
create index team_invitations_account_id_idx on team_invitations (account_id, id);
create index team_invitations_inviter_id_idx on team_invitations (inviter_id);

-- A mail that invites is of its invitation: one waits at a time, and it goes with it. The others stay as they were.
alter table mails add column invitation_id bigint references team_invitations (id) on delete cascade;
drop index mails_recipient_key;
create unique index mails_recipient_key on mails (purpose, recipient) where account_id is null and invitation_id is null;
create unique index mails_invitation_key on mails (invitation_id) where invitation_id is not null;
