-- JSONB orders keys by length; forms show a plugin's settings in the order that its author gave them.
ALTER TABLE "plugins" ALTER COLUMN "config_schema" SET DATA TYPE JSON USING "config_schema"::json;
