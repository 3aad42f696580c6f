-- What a business owes and earns is kept however old it is: a deal may be open for years, and an auditor asks for costs of long ago.
update fact_tables set is_book = true where name in ('cost_analysis', 'campaign_spend', 'leads', 'lead_stage_changes', 'deals');
