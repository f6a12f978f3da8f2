-- +goose Up

-- In which form a webhook wants its events; empty is CloudEvents. A subscription
-- that was made by the face of GovStack is a webhook with the id of its object.
ALTER TABLE webhook ADD COLUMN form TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE webhook DROP COLUMN form;
