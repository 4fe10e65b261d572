-- CreateTable
CREATE TABLE "catalogue_tools" (
    "catalogue_id" INTEGER NOT NULL,
    "tool_id" INTEGER NOT NULL,

    CONSTRAINT "catalogue_tools_pkey" PRIMARY KEY ("catalogue_id","tool_id")
);

-- CreateIndex
CREATE INDEX "catalogue_tools_tool_id_idx" ON "catalogue_tools"("tool_id");

-- AddForeignKey
ALTER TABLE "catalogue_tools" ADD CONSTRAINT "catalogue_tools_catalogue_id_fkey" FOREIGN KEY ("catalogue_id") REFERENCES "catalogues"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "catalogue_tools" ADD CONSTRAINT "catalogue_tools_tool_id_fkey" FOREIGN KEY ("tool_id") REFERENCES "tools"("id") ON DELETE CASCADE ON UPDATE CASCADE;

INSERT INTO "catalogue_tools" ("catalogue_id", "tool_id")
  SELECT c."id", t."id" FROM "catalogues" c, "tools" t WHERE c."kind" = 'tool_catalogue' AND c."is_default";

CREATE FUNCTION "add_tool_to_default_catalogue"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "catalogue_tools" ("catalogue_id", "tool_id")
    SELECT c."id", NEW."id" FROM "catalogues" c WHERE c."kind" = 'tool_catalogue' AND c."is_default"
    ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER "tools_join_default_catalogue" AFTER INSERT ON "tools" FOR EACH ROW EXECUTE FUNCTION "add_tool_to_default_catalogue"();
