-- Lists are sorted as people sort: "a" beside "A" and "ä", "Model 2" before "Model 10". Other collations stay: searches and look-ups
-- use the columns' own. A PostgreSQL that was built without ICU sorts by bytes, as before.
DO $$
BEGIN
  CREATE COLLATION "natural_order" (provider = icu, locale = 'und-u-kn-true');
EXCEPTION WHEN feature_not_supported THEN
  CREATE COLLATION "natural_order" FROM "C";
END $$;

CREATE INDEX "users_natural_name_idx" ON "users" ("name" COLLATE "natural_order");
CREATE INDEX "groups_natural_name_idx" ON "groups" ("name" COLLATE "natural_order");
CREATE INDEX "llms_natural_name_idx" ON "llms" ("name" COLLATE "natural_order");
CREATE INDEX "apps_natural_name_idx" ON "apps" ("name" COLLATE "natural_order");
CREATE INDEX "plugins_natural_name_idx" ON "plugins" ("name" COLLATE "natural_order");
CREATE INDEX "model_prices_natural_name_idx" ON "model_prices" ("model_name" COLLATE "natural_order");
CREATE INDEX "users_natural_email_idx" ON "users" ("email" COLLATE "natural_order");
CREATE INDEX "tags_natural_name_idx" ON "tags" ("name" COLLATE "natural_order");
