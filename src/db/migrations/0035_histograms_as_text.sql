-- Histograms of weeks and months are only ever read whole: as the text they are sent in, a question about a hundred members need not write a
-- hundred thousand numbers out each time.
alter table histogram_periods alter buckets type text using buckets::text, alter counts type text using counts::text;
