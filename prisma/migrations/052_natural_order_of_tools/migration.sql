CREATE INDEX "tools_natural_name_idx" ON "tools" ("name" COLLATE "natural_order");
