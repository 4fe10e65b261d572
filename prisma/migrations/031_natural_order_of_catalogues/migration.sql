CREATE INDEX "catalogues_natural_name_idx" ON "catalogues" ("kind", "name" COLLATE "natural_order");
