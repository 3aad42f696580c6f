-- Dimensions that no hours are kept of: every member has a share of the client's contacts and money. $1 client. Reads
-- daily_metrics.
insert into daily_metrics (
  client_id, dimension, day, member, offered, answered, abandoned, talk_s, hold_s, wrap_s, orders, gross_minor, refunded_minor, leads,
  deals_opened, deals_opened_minor, deals_won, deals_won_minor, spend_minor, contacted, responded
)
select
  d.client_id, m.dimension, d.day, m.dimension || '-' || n, d.offered / m.members, d.answered / m.members, d.abandoned / m.members,
  d.talk_s / m.members, d.hold_s / m.members, d.wrap_s / m.members, d.orders / m.members, d.gross_minor / m.members, -n, n % 5, n % 3,
  n % 3 * 100000, n % 2, n % 2 * 100000, 1000 + n, 100 + n, n
from
  daily_metrics d,
  (values ('campaign', 20), ('location', 15), ('customer-role', 3), ('provider', 30)) as m (dimension, members),
  generate_series(1, m.members) as n
where d.client_id = $1 and d.dimension = 'client'
