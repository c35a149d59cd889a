drop table pull_counts;
drop index tags_started_at_idx;
