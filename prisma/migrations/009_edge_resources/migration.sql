-- CreateTable
CREATE TABLE "edge_resources" (
    "namespace" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "version" BIGINT NOT NULL,
    "body" BYTEA NOT NULL,
    "hash" BYTEA NOT NULL,
    "deleted" BOOLEAN NOT NULL DEFAULT false,
    "label" TEXT NOT NULL DEFAULT '',
    "problem" TEXT NOT NULL DEFAULT '',
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "edge_resources_pkey" PRIMARY KEY ("namespace","type","name")
);

-- CreateTable
CREATE TABLE "edge_positions" (
    "namespace" TEXT NOT NULL,
    "version" BIGINT NOT NULL,
    "own_checksum" TEXT NOT NULL,
    "checksum" TEXT NOT NULL,
    "snapshot_checksum" TEXT NOT NULL DEFAULT '',
    "changed_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "edge_positions_pkey" PRIMARY KEY ("namespace")
);

-- CreateTable
CREATE TABLE "edge_builder" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "revision" INTEGER NOT NULL,
    "release" TEXT NOT NULL,
    "seen_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_version" BIGINT NOT NULL DEFAULT 0,
    "floor_version" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "edge_builder_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "edge_changes" (
    "id" BIGSERIAL NOT NULL,
    "kind" TEXT NOT NULL,
    "key" TEXT NOT NULL,

    CONSTRAINT "edge_changes_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "edge_revocations" (
    "id" BIGSERIAL NOT NULL,
    "namespace" TEXT NOT NULL,
    "secret_hash" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "built_version" BIGINT,
    "revoked_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "edge_revocations_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "edge_resources_namespace_version_type_name_idx" ON "edge_resources"("namespace", "version", "type", "name");

-- CreateIndex
CREATE INDEX "edge_revocations_secret_hash_idx" ON "edge_revocations"("secret_hash");

-- CreateIndex
CREATE INDEX "edge_revocations_built_version_idx" ON "edge_revocations"("built_version");

-- Credentials are sent to edges in buckets: those whose hashes begin alike.
CREATE INDEX "credentials_bucket_idx" ON "credentials" (left("secret_hash", 3)) WHERE "active";

-- AlterTable
ALTER TABLE "edges" ADD COLUMN "takes_deltas" BOOLEAN NOT NULL DEFAULT false;

ALTER TABLE "edge_builder" ADD CONSTRAINT "edge_builder_one" CHECK ("id" = 1);

-- What has to be built again is noted beside the rows that change, in the same transaction and by whichever release makes the change: an
-- object whose change was committed is never missed. Notes are appended and never updated, so that writers do not wait for one another
-- or for the builder.

CREATE FUNCTION "portico_edge_scope"(namespace text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE WHEN namespace = '' THEN '*' ELSE namespace END;

CREATE FUNCTION "portico_edge_llms"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO edge_changes (kind, key)
      SELECT 'llm', id::text FROM old_rows UNION SELECT 'slug', slug FROM old_rows;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO edge_changes (kind, key)
      SELECT 'llm', id::text FROM new_rows UNION SELECT 'slug', slug FROM new_rows;
  END IF;
  IF TG_OP = 'UPDATE' THEN
    INSERT INTO edge_changes (kind, key)
      SELECT DISTINCT 'plugin', lp.plugin_id::text FROM old_rows o JOIN new_rows n USING (id) JOIN llm_plugins lp ON lp.llm_id = n.id
      WHERE (o.active, o.namespace) IS DISTINCT FROM (n.active, n.namespace);
    INSERT INTO edge_revocations (namespace, secret_hash, kind, key)
      SELECT portico_edge_scope(o.namespace), 'llm:' || o.id, 'llm', o.id::text FROM old_rows o JOIN new_rows n USING (id)
      WHERE o.active AND (NOT n.active OR o.namespace <> n.namespace);
    DELETE FROM edge_revocations r USING new_rows n
      WHERE n.active AND r.secret_hash = 'llm:' || n.id AND r.namespace = portico_edge_scope(n.namespace);
  END IF;
  IF TG_OP = 'DELETE' THEN
    INSERT INTO edge_revocations (namespace, secret_hash, kind, key)
      SELECT portico_edge_scope(namespace), 'llm:' || id, 'llm', id::text FROM old_rows WHERE active;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION "portico_edge_llm_plugins"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO edge_changes (kind, key)
      SELECT 'llm', llm_id::text FROM old_rows UNION SELECT 'plugin', plugin_id::text FROM old_rows;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO edge_changes (kind, key)
      SELECT 'llm', llm_id::text FROM new_rows UNION SELECT 'plugin', plugin_id::text FROM new_rows;
  END IF;
  RETURN NULL;
END $$;

-- Arguments: the kind, the column with its key.
CREATE FUNCTION "portico_edge_rows"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    EXECUTE format('INSERT INTO edge_changes (kind, key) SELECT DISTINCT %L, %I::text FROM old_rows', TG_ARGV[0], TG_ARGV[1]);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    EXECUTE format('INSERT INTO edge_changes (kind, key) SELECT DISTINCT %L, %I::text FROM new_rows', TG_ARGV[0], TG_ARGV[1]);
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION "portico_edge_users"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO edge_changes (kind, key)
    SELECT DISTINCT 'app', a.id::text FROM old_rows o JOIN new_rows n USING (id) JOIN apps a ON a.user_id = n.id WHERE o.email <> n.email;
  RETURN NULL;
END $$;

CREATE FUNCTION "portico_edge_apps"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO edge_changes (kind, key) SELECT 'app', id::text FROM old_rows;
  END IF;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO edge_changes (kind, key) SELECT 'app', id::text FROM new_rows;
  END IF;
  IF TG_OP = 'UPDATE' THEN
    -- The credentials of an app that moves to another namespace move with it.
    INSERT INTO edge_changes (kind, key)
      SELECT DISTINCT 'credentials', left(c.secret_hash, 3) FROM old_rows o JOIN new_rows n USING (id) JOIN credentials c ON c.app_id = n.id
      WHERE o.namespace <> n.namespace AND c.active;
    INSERT INTO edge_revocations (namespace, secret_hash, kind, key)
      SELECT portico_edge_scope(o.namespace), c.secret_hash, 'credentials', left(c.secret_hash, 3)
      FROM old_rows o JOIN new_rows n USING (id) JOIN credentials c ON c.app_id = n.id
      WHERE o.namespace <> n.namespace AND c.active AND o.is_active;
    INSERT INTO edge_revocations (namespace, secret_hash, kind, key)
      SELECT portico_edge_scope(n.namespace), c.secret_hash, 'app', n.id::text
      FROM old_rows o JOIN new_rows n USING (id) JOIN credentials c ON c.app_id = n.id
      WHERE o.is_active AND NOT n.is_active AND c.active;
    DELETE FROM edge_revocations r USING old_rows o, new_rows n
      WHERE o.id = n.id AND NOT o.is_active AND n.is_active AND r.kind = 'app' AND r.key = n.id::text;
  END IF;
  RETURN NULL;
END $$;

-- Its credentials are deleted with it, when the app cannot be looked up any more.
CREATE FUNCTION "portico_edge_app_delete"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.is_active THEN
    INSERT INTO edge_revocations (namespace, secret_hash, kind, key)
      SELECT portico_edge_scope(OLD.namespace), secret_hash, 'app', OLD.id::text FROM credentials WHERE app_id = OLD.id AND active;
  END IF;
  RETURN OLD;
END $$;

CREATE FUNCTION "portico_edge_credentials"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO edge_changes (kind, key) SELECT DISTINCT 'credentials', left(secret_hash, 3) FROM old_rows;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO edge_changes (kind, key) SELECT DISTINCT 'credentials', left(secret_hash, 3) FROM new_rows;
  END IF;
  IF TG_OP = 'UPDATE' THEN
    INSERT INTO edge_revocations (namespace, secret_hash, kind, key)
      SELECT portico_edge_scope(a.namespace), o.secret_hash, 'credentials', left(o.secret_hash, 3)
      FROM old_rows o JOIN new_rows n USING (id) JOIN apps a ON a.id = o.app_id
      WHERE o.active AND (NOT n.active OR n.secret_hash <> o.secret_hash);
  END IF;
  IF TG_OP = 'DELETE' THEN
    INSERT INTO edge_revocations (namespace, secret_hash, kind, key)
      SELECT portico_edge_scope(a.namespace), o.secret_hash, 'credentials', left(o.secret_hash, 3)
      FROM old_rows o JOIN apps a ON a.id = o.app_id WHERE o.active;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    DELETE FROM edge_revocations r USING new_rows n JOIN apps a ON a.id = n.app_id
      WHERE n.active AND r.secret_hash = n.secret_hash AND r.kind = 'credentials' AND r.namespace = portico_edge_scope(a.namespace);
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER "llms_edge_insert" AFTER INSERT ON "llms" REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_llms"();

CREATE TRIGGER "llms_edge_update" AFTER UPDATE ON "llms" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_llms"();

CREATE TRIGGER "llms_edge_delete" AFTER DELETE ON "llms" REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_llms"();

CREATE TRIGGER "llm_plugins_edge_insert" AFTER INSERT ON "llm_plugins" REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_llm_plugins"();

CREATE TRIGGER "llm_plugins_edge_update" AFTER UPDATE ON "llm_plugins" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_llm_plugins"();

CREATE TRIGGER "llm_plugins_edge_delete" AFTER DELETE ON "llm_plugins" REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_llm_plugins"();

CREATE TRIGGER "plugins_edge_insert" AFTER INSERT ON "plugins" REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_rows"('plugin', 'id');

CREATE TRIGGER "plugins_edge_update" AFTER UPDATE ON "plugins" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_rows"('plugin', 'id');

CREATE TRIGGER "plugins_edge_delete" AFTER DELETE ON "plugins" REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_rows"('plugin', 'id');

CREATE TRIGGER "plugin_grants_edge_insert" AFTER INSERT ON "plugin_grants" REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_rows"('plugin', 'plugin_id');

CREATE TRIGGER "plugin_grants_edge_update" AFTER UPDATE ON "plugin_grants" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_rows"('plugin', 'plugin_id');

CREATE TRIGGER "plugin_grants_edge_delete" AFTER DELETE ON "plugin_grants" REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_rows"('plugin', 'plugin_id');

CREATE TRIGGER "model_prices_edge_insert" AFTER INSERT ON "model_prices" REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_rows"('price', 'id');

CREATE TRIGGER "model_prices_edge_update" AFTER UPDATE ON "model_prices" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_rows"('price', 'id');

CREATE TRIGGER "model_prices_edge_delete" AFTER DELETE ON "model_prices" REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_rows"('price', 'id');

CREATE TRIGGER "app_llms_edge_insert" AFTER INSERT ON "app_llms" REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_rows"('app', 'app_id');

CREATE TRIGGER "app_llms_edge_update" AFTER UPDATE ON "app_llms" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_rows"('app', 'app_id');

CREATE TRIGGER "app_llms_edge_delete" AFTER DELETE ON "app_llms" REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_rows"('app', 'app_id');

CREATE TRIGGER "users_edge_update" AFTER UPDATE ON "users" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_users"();

CREATE TRIGGER "apps_edge_insert" AFTER INSERT ON "apps" REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_apps"();

CREATE TRIGGER "apps_edge_update" AFTER UPDATE ON "apps" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_apps"();

CREATE TRIGGER "apps_edge_delete" AFTER DELETE ON "apps" REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_apps"();

CREATE TRIGGER "apps_edge_before_delete" BEFORE DELETE ON "apps" FOR EACH ROW EXECUTE FUNCTION "portico_edge_app_delete"();

CREATE TRIGGER "credentials_edge_insert" AFTER INSERT ON "credentials" REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_credentials"();

CREATE TRIGGER "credentials_edge_update" AFTER UPDATE ON "credentials" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_credentials"();

CREATE TRIGGER "credentials_edge_delete" AFTER DELETE ON "credentials" REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION "portico_edge_credentials"();
