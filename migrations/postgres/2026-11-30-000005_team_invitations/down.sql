delete from mails where invitation_id is not null;
drop index mails_invitation_key;
drop index mails_recipient_key;
alter table mails drop column invitation_id;
create unique index mails_recipient_key on mails (purpose, recipient) where account_id is null;
drop table team_invitations;
