-- CreateTable
CREATE TABLE "secrets" (
    "id" SERIAL NOT NULL,
    "name" VARCHAR(128) NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "sealed" TEXT,
    "rotated_at" TIMESTAMPTZ,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "secrets_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "secrets_name_key" ON "secrets"("name");

-- AlterTable
ALTER TABLE "plugins" ADD COLUMN "secret_references" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- AlterTable
ALTER TABLE "llm_plugins" ADD COLUMN "secret_references" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- Where a secret is used.
CREATE INDEX "llms_api_key_reference_idx" ON "llms" ("api_key_sealed") WHERE "api_key_sealed" LIKE '$%';

CREATE INDEX "plugins_secret_references_idx" ON "plugins" USING gin ("secret_references") WHERE "secret_references" <> '{}';

CREATE INDEX "llm_plugins_secret_references_idx" ON "llm_plugins" USING gin ("secret_references") WHERE "secret_references" <> '{}';

-- What edges are sent holds the value of a secret, so a new value is a change of whatever refers to it.
CREATE FUNCTION "portico_edge_secret"(secret_name text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO edge_changes (kind, key)
    SELECT 'llm', id::text FROM llms WHERE api_key_sealed = '$SECRET/' || secret_name AND api_key_sealed LIKE '$%'
    UNION SELECT 'plugin', id::text FROM plugins
      WHERE secret_references @> ARRAY['$SECRET/' || secret_name] AND secret_references <> '{}'
    UNION SELECT 'llm', llm_id::text FROM llm_plugins
      WHERE secret_references @> ARRAY['$SECRET/' || secret_name] AND secret_references <> '{}';
$$;

CREATE FUNCTION "portico_edge_secrets"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    PERFORM portico_edge_secret(OLD.name);
  END IF;
  IF TG_OP <> 'DELETE' AND (TG_OP = 'INSERT' OR NEW.name <> OLD.name) THEN
    PERFORM portico_edge_secret(NEW.name);
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER "secrets_edge" AFTER INSERT OR UPDATE OF "name", "sealed" OR DELETE ON "secrets"
  FOR EACH ROW EXECUTE FUNCTION "portico_edge_secrets"();
