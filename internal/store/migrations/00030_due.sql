-- +goose Up

-- By when a demand is due stands in its own row too, and moves with its term in
-- one write: what is due first is then read off the index, however many wait or
-- were answered.
ALTER TABLE demand ADD COLUMN due BIGINT NOT NULL DEFAULT 0;
UPDATE demand SET due = COALESCE((SELECT t.due FROM term t WHERE t.subject_id = demand.subject_id AND t.id = demand.term_id), 0);
DROP INDEX demand_org;
DROP INDEX demand_open;
CREATE INDEX demand_org ON demand (org_id, due, id);
CREATE INDEX demand_open ON demand (org_id, due, id) WHERE ended_at = 0;
CREATE INDEX demand_late ON demand (due) WHERE ended_at = 0;

-- Orders that wait, and their terms, apart from all that were carried out.
CREATE INDEX orders_open ON orders (org_id, id) WHERE status = 'open';
CREATE INDEX orders_looking ON orders (org_id, id) WHERE kind = 'examination';
CREATE INDEX term_order ON term (due, id) WHERE status = 'open' AND about_kind = 'order';

-- +goose Down
DROP INDEX term_order;
DROP INDEX orders_looking;
DROP INDEX orders_open;
DROP INDEX demand_late;
DROP INDEX demand_open;
DROP INDEX demand_org;
CREATE INDEX demand_org ON demand (org_id, id);
CREATE INDEX demand_open ON demand (org_id, id) WHERE ended_at = 0;
ALTER TABLE demand DROP COLUMN due;
