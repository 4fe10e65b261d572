-- CreateTable
CREATE TABLE "catalogues" (
    "id" SERIAL NOT NULL,
    "kind" TEXT NOT NULL,
    "name" VARCHAR(120) NOT NULL,
    "short_description" TEXT NOT NULL DEFAULT '',
    "long_description" TEXT NOT NULL DEFAULT '',
    "icon" TEXT NOT NULL DEFAULT '',
    "is_default" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "catalogues_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "catalogue_llms" (
    "catalogue_id" INTEGER NOT NULL,
    "llm_id" INTEGER NOT NULL,

    CONSTRAINT "catalogue_llms_pkey" PRIMARY KEY ("catalogue_id","llm_id")
);

-- CreateTable
CREATE TABLE "catalogue_tags" (
    "catalogue_id" INTEGER NOT NULL,
    "tag_id" INTEGER NOT NULL,

    CONSTRAINT "catalogue_tags_pkey" PRIMARY KEY ("catalogue_id","tag_id")
);

-- CreateTable
CREATE TABLE "group_catalogues" (
    "group_id" INTEGER NOT NULL,
    "catalogue_id" INTEGER NOT NULL,

    CONSTRAINT "group_catalogues_pkey" PRIMARY KEY ("group_id","catalogue_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "catalogues_kind_name_key" ON "catalogues"("kind", "name");

-- CreateIndex
CREATE INDEX "catalogue_llms_llm_id_idx" ON "catalogue_llms"("llm_id");

-- CreateIndex
CREATE INDEX "catalogue_tags_tag_id_idx" ON "catalogue_tags"("tag_id");

-- CreateIndex
CREATE INDEX "group_catalogues_catalogue_id_idx" ON "group_catalogues"("catalogue_id");

-- AddForeignKey
ALTER TABLE "catalogue_llms" ADD CONSTRAINT "catalogue_llms_catalogue_id_fkey" FOREIGN KEY ("catalogue_id") REFERENCES "catalogues"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "catalogue_llms" ADD CONSTRAINT "catalogue_llms_llm_id_fkey" FOREIGN KEY ("llm_id") REFERENCES "llms"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "catalogue_tags" ADD CONSTRAINT "catalogue_tags_catalogue_id_fkey" FOREIGN KEY ("catalogue_id") REFERENCES "catalogues"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "catalogue_tags" ADD CONSTRAINT "catalogue_tags_tag_id_fkey" FOREIGN KEY ("tag_id") REFERENCES "tags"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "group_catalogues" ADD CONSTRAINT "group_catalogues_group_id_fkey" FOREIGN KEY ("group_id") REFERENCES "groups"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "group_catalogues" ADD CONSTRAINT "group_catalogues_catalogue_id_fkey" FOREIGN KEY ("catalogue_id") REFERENCES "catalogues"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "catalogues" ADD CONSTRAINT "catalogues_kind_check" CHECK ("kind" IN ('catalogue', 'data_catalogue', 'tool_catalogue'));
CREATE UNIQUE INDEX "catalogues_default_key" ON "catalogues"("kind") WHERE "is_default";

-- Everyone may keep using in the portal what they could use before: everything is in Default, which is the group Default's.
INSERT INTO "catalogues" ("kind", "name", "is_default")
  VALUES ('catalogue', 'Default', true), ('data_catalogue', 'Default', true), ('tool_catalogue', 'Default', true);
INSERT INTO "catalogue_llms" ("catalogue_id", "llm_id")
  SELECT c."id", l."id" FROM "catalogues" c, "llms" l WHERE c."kind" = 'catalogue' AND c."is_default";
INSERT INTO "group_catalogues" ("group_id", "catalogue_id")
  SELECT g."id", c."id" FROM "groups" g, "catalogues" c WHERE g."name" = 'Default' AND c."is_default";

CREATE FUNCTION "add_llm_to_default_catalogue"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "catalogue_llms" ("catalogue_id", "llm_id")
    SELECT c."id", NEW."id" FROM "catalogues" c WHERE c."kind" = 'catalogue' AND c."is_default"
    ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER "llms_join_default_catalogue" AFTER INSERT ON "llms" FOR EACH ROW EXECUTE FUNCTION "add_llm_to_default_catalogue"();
