-- +goose Up

-- Consents given and withdrawn, by organization: few among the entries, so that
-- they can be counted without reading the rest. Decisions stand in no index by
-- this.
CREATE INDEX entry_consent ON entry (org_id, id, action) WHERE action IN ('consent.give', 'consent.withdraw');

-- +goose Down
DROP INDEX entry_consent;
