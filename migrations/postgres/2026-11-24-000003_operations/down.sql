drop table registry_facts;
drop table service_keys;
drop table job_schedules;
drop table outbox_events;
drop table log_entries;
