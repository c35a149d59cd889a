drop table bulk_changes;
