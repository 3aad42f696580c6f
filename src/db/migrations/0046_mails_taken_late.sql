-- A copy whose mail nobody knew about was sent again, and then the server took the first one after all: its Message-ID, and when that was known.
alter table deliveries add column late_message_id text, add column late_sent_at timestamptz;
