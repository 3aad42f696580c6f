-- The bucket of a size: bucket i holds (g^(i-1), g^i] with g = 1.01 / 0.99, so that the middle of a bucket is at most 1
-- % off; whatever is not above zero is in bucket -32768. src/analytics/metrics/histogram.ts is the way back.
create or replace function histogram_bucket(size double precision) returns smallint
language sql immutable parallel safe return
  case when size > 0 then ceil(ln(size) / ln(1.01::double precision / 0.99))::smallint else (-32768)::smallint end;
grant execute on function histogram_bucket(double precision) to daybreak_client;
