-- What a file or its mapping says where something else was expected: names of sheets and columns, which may be somebody's. The run that failed
-- says it without them, for all who may see runs; this is for those who may see the import, and goes with its file when a customer is erased.
alter table imports add column found text;
