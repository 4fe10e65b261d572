-- CreateTable
CREATE TABLE "catalogue_datasources" (
    "catalogue_id" INTEGER NOT NULL,
    "datasource_id" INTEGER NOT NULL,

    CONSTRAINT "catalogue_datasources_pkey" PRIMARY KEY ("catalogue_id","datasource_id")
);

-- CreateIndex
CREATE INDEX "catalogue_datasources_datasource_id_idx" ON "catalogue_datasources"("datasource_id");

-- AddForeignKey
ALTER TABLE "catalogue_datasources" ADD CONSTRAINT "catalogue_datasources_catalogue_id_fkey" FOREIGN KEY ("catalogue_id") REFERENCES "catalogues"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "catalogue_datasources" ADD CONSTRAINT "catalogue_datasources_datasource_id_fkey" FOREIGN KEY ("datasource_id") REFERENCES "datasources"("id") ON DELETE CASCADE ON UPDATE CASCADE;

INSERT INTO "catalogue_datasources" ("catalogue_id", "datasource_id")
  SELECT c."id", d."id" FROM "catalogues" c, "datasources" d WHERE c."kind" = 'data_catalogue' AND c."is_default";

CREATE FUNCTION "add_datasource_to_default_catalogue"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "catalogue_datasources" ("catalogue_id", "datasource_id")
    SELECT c."id", NEW."id" FROM "catalogues" c WHERE c."kind" = 'data_catalogue' AND c."is_default"
    ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER "datasources_join_default_catalogue" AFTER INSERT ON "datasources" FOR EACH ROW
  EXECUTE FUNCTION "add_datasource_to_default_catalogue"();
