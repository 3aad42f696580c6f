-- A wait that nobody says is not known. With a default of 0 every contact whose wait a load left out was answered at once, and every abandon
-- among them a short one.
alter table interactions alter column wait_s drop default;
