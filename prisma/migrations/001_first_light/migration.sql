-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "users" (
    "id" SERIAL NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "password_hash" TEXT,
    "is_admin" BOOLEAN NOT NULL DEFAULT false,
    "show_portal" BOOLEAN NOT NULL DEFAULT true,
    "show_chat" BOOLEAN NOT NULL DEFAULT true,
    "email_verified" BOOLEAN NOT NULL DEFAULT true,
    "notifications_enabled" BOOLEAN NOT NULL DEFAULT false,
    "access_to_sso_config" BOOLEAN NOT NULL DEFAULT false,
    "skip_quick_start" BOOLEAN NOT NULL DEFAULT false,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "user_sessions" (
    "id" SERIAL NOT NULL,
    "user_id" INTEGER NOT NULL,
    "token_hash" TEXT NOT NULL,
    "user_agent" TEXT NOT NULL DEFAULT '',
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "user_sessions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_tokens" (
    "id" SERIAL NOT NULL,
    "user_id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "token_hash" TEXT NOT NULL,
    "hint" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ,
    "last_used_at" TIMESTAMPTZ,

    CONSTRAINT "api_tokens_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "groups" (
    "id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "groups_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "user_groups" (
    "user_id" INTEGER NOT NULL,
    "group_id" INTEGER NOT NULL,

    CONSTRAINT "user_groups_pkey" PRIMARY KEY ("user_id","group_id")
);

-- CreateTable
CREATE TABLE "llms" (
    "id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "slug" TEXT NOT NULL,
    "vendor" TEXT NOT NULL,
    "api_endpoint" TEXT NOT NULL DEFAULT '',
    "api_key_sealed" TEXT,
    "default_model" TEXT NOT NULL DEFAULT '',
    "allowed_models" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "privacy_score" INTEGER NOT NULL DEFAULT 0,
    "short_description" TEXT NOT NULL DEFAULT '',
    "long_description" TEXT NOT NULL DEFAULT '',
    "logo_url" TEXT NOT NULL DEFAULT '',
    "active" BOOLEAN NOT NULL DEFAULT false,
    "monthly_budget_micro_usd" BIGINT,
    "budget_start_at" TIMESTAMPTZ,
    "namespace" TEXT NOT NULL DEFAULT '',
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "llms_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "model_prices" (
    "id" SERIAL NOT NULL,
    "vendor" TEXT NOT NULL,
    "model_name" TEXT NOT NULL,
    "input_micro_usd_per_million" BIGINT NOT NULL DEFAULT 0,
    "output_micro_usd_per_million" BIGINT NOT NULL DEFAULT 0,
    "cache_write_micro_usd_per_million" BIGINT NOT NULL DEFAULT 0,
    "cache_read_micro_usd_per_million" BIGINT NOT NULL DEFAULT 0,
    "currency" TEXT NOT NULL DEFAULT 'USD',
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "model_prices_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "apps" (
    "id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "user_id" INTEGER,
    "monthly_budget_micro_usd" BIGINT,
    "budget_start_at" TIMESTAMPTZ,
    "is_active" BOOLEAN NOT NULL DEFAULT true,
    "is_orphaned" BOOLEAN NOT NULL DEFAULT false,
    "is_system" BOOLEAN NOT NULL DEFAULT false,
    "namespace" TEXT NOT NULL DEFAULT '',
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "apps_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "app_llms" (
    "app_id" INTEGER NOT NULL,
    "llm_id" INTEGER NOT NULL,

    CONSTRAINT "app_llms_pkey" PRIMARY KEY ("app_id","llm_id")
);

-- CreateTable
CREATE TABLE "credentials" (
    "id" SERIAL NOT NULL,
    "app_id" INTEGER NOT NULL,
    "key_id" UUID NOT NULL,
    "secret_hash" TEXT NOT NULL,
    "hint" TEXT NOT NULL,
    "active" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "credentials_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "system_secrets" (
    "name" TEXT NOT NULL,
    "sealed" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "system_secrets_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "plugins" (
    "id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "slug" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "command" VARCHAR(500) NOT NULL,
    "checksum" TEXT NOT NULL DEFAULT '',
    "config_sealed" TEXT,
    "config_schema" JSONB,
    "hook_type" TEXT NOT NULL DEFAULT 'pending',
    "hook_types" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "hook_types_customized" BOOLEAN NOT NULL DEFAULT false,
    "is_active" BOOLEAN NOT NULL DEFAULT false,
    "namespace" TEXT NOT NULL DEFAULT '',
    "manifest" JSONB NOT NULL DEFAULT '{}',
    "service_access_authorized" BOOLEAN NOT NULL DEFAULT false,
    "service_scopes" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "ui_trusted" BOOLEAN NOT NULL DEFAULT false,
    "generation" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "plugins_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "llm_plugins" (
    "llm_id" INTEGER NOT NULL,
    "plugin_id" INTEGER NOT NULL,
    "order_index" INTEGER NOT NULL DEFAULT 0,
    "is_active" BOOLEAN NOT NULL DEFAULT true,
    "override_sealed" TEXT,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "llm_plugins_pkey" PRIMARY KEY ("llm_id","plugin_id")
);

-- CreateTable
CREATE TABLE "plugin_ui_routes" (
    "id" SERIAL NOT NULL,
    "plugin_id" INTEGER NOT NULL,
    "scope" TEXT NOT NULL,
    "slot_type" VARCHAR(100) NOT NULL,
    "route_pattern" VARCHAR(255) NOT NULL,
    "component_tag" VARCHAR(100) NOT NULL DEFAULT '',
    "entry_point" VARCHAR(500) NOT NULL DEFAULT '',
    "mount_config" JSONB NOT NULL DEFAULT '{}',
    "allowed_groups" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "load_priority" INTEGER NOT NULL DEFAULT 0,
    "is_active" BOOLEAN NOT NULL DEFAULT true,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "plugin_ui_routes_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "plugin_data" (
    "id" SERIAL NOT NULL,
    "plugin_id" INTEGER NOT NULL,
    "data_key" VARCHAR(255) NOT NULL,
    "data_value" BYTEA NOT NULL,
    "expire_at" TIMESTAMPTZ,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "plugin_data_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "edges" (
    "id" SERIAL NOT NULL,
    "edge_id" VARCHAR(64) NOT NULL,
    "namespace" TEXT NOT NULL DEFAULT '',
    "token_hash" TEXT NOT NULL,
    "version" TEXT NOT NULL DEFAULT '',
    "advertised_url" TEXT NOT NULL DEFAULT '',
    "status" TEXT NOT NULL DEFAULT 'registered',
    "session_id" UUID,
    "last_heartbeat_at" TIMESTAMPTZ,
    "loaded_version" BIGINT NOT NULL DEFAULT 0,
    "loaded_checksum" TEXT NOT NULL DEFAULT '',
    "last_sync_ack_at" TIMESTAMPTZ,
    "refusal" TEXT NOT NULL DEFAULT '',
    "report" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "edges_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "namespace_snapshots" (
    "namespace" TEXT NOT NULL,
    "version" BIGINT NOT NULL,
    "checksum" TEXT NOT NULL,
    "built_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "namespace_snapshots_pkey" PRIMARY KEY ("namespace")
);

-- CreateTable
CREATE TABLE "telemetry_batches" (
    "batch_id" UUID NOT NULL,
    "edge_id" TEXT NOT NULL,
    "records" INTEGER NOT NULL,
    "received_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "telemetry_batches_pkey" PRIMARY KEY ("batch_id")
);

-- CreateTable
CREATE TABLE "usage_records" (
    "id" BIGSERIAL NOT NULL,
    "request_id" TEXT NOT NULL,
    "edge_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ NOT NULL,
    "app_id" INTEGER NOT NULL,
    "user_id" INTEGER NOT NULL,
    "llm_id" INTEGER NOT NULL,
    "vendor" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "status_code" INTEGER NOT NULL,
    "reason" TEXT NOT NULL DEFAULT '',
    "streamed" BOOLEAN NOT NULL,
    "duration_ms" DOUBLE PRECISION NOT NULL,
    "first_byte_ms" DOUBLE PRECISION NOT NULL,
    "plugin_ms" DOUBLE PRECISION NOT NULL,
    "prompt_tokens" BIGINT NOT NULL,
    "response_tokens" BIGINT NOT NULL,
    "cache_write_tokens" BIGINT NOT NULL,
    "cache_read_tokens" BIGINT NOT NULL,
    "cost_micro_usd" BIGINT NOT NULL,
    "request_bytes" BIGINT NOT NULL,
    "response_bytes" BIGINT NOT NULL,
    "path" TEXT NOT NULL,
    "interaction" TEXT NOT NULL,
    "usage_estimated" BOOLEAN NOT NULL,

    CONSTRAINT "usage_records_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "usage_minutes" (
    "minute" TIMESTAMPTZ NOT NULL,
    "app_id" INTEGER NOT NULL,
    "llm_id" INTEGER NOT NULL,
    "requests" BIGINT NOT NULL,
    "errors" BIGINT NOT NULL,
    "prompt_tokens" BIGINT NOT NULL,
    "response_tokens" BIGINT NOT NULL,
    "cache_write_tokens" BIGINT NOT NULL,
    "cache_read_tokens" BIGINT NOT NULL,
    "cost_micro_usd" BIGINT NOT NULL,
    "durations" BIGINT[],

    CONSTRAINT "usage_minutes_pkey" PRIMARY KEY ("minute","app_id","llm_id")
);

-- CreateTable
CREATE TABLE "budget_usage" (
    "kind" TEXT NOT NULL,
    "object_id" INTEGER NOT NULL,
    "period_start" TIMESTAMPTZ NOT NULL,
    "spent_micro_usd" BIGINT NOT NULL,

    CONSTRAINT "budget_usage_pkey" PRIMARY KEY ("kind","object_id","period_start")
);

-- CreateTable
CREATE TABLE "outbox_events" (
    "id" BIGSERIAL NOT NULL,
    "topic" TEXT NOT NULL,
    "object_type" TEXT NOT NULL,
    "object_id" TEXT NOT NULL,
    "actor_user_id" INTEGER NOT NULL,
    "payload" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "outbox_events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_log" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor_id" INTEGER NOT NULL,
    "actor_name" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "object_type" TEXT NOT NULL,
    "object_id" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "ip" TEXT NOT NULL DEFAULT '',
    "changes" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "audit_log_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "users_email_key" ON "users"("email");

-- CreateIndex
CREATE UNIQUE INDEX "user_sessions_token_hash_key" ON "user_sessions"("token_hash");

-- CreateIndex
CREATE INDEX "user_sessions_user_id_idx" ON "user_sessions"("user_id");

-- CreateIndex
CREATE INDEX "user_sessions_expires_at_idx" ON "user_sessions"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "api_tokens_token_hash_key" ON "api_tokens"("token_hash");

-- CreateIndex
CREATE INDEX "api_tokens_user_id_idx" ON "api_tokens"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "groups_name_key" ON "groups"("name");

-- CreateIndex
CREATE INDEX "user_groups_group_id_idx" ON "user_groups"("group_id");

-- CreateIndex
CREATE INDEX "llms_name_idx" ON "llms"("name");

-- CreateIndex
CREATE UNIQUE INDEX "llms_namespace_slug_key" ON "llms"("namespace", "slug");

-- CreateIndex
CREATE UNIQUE INDEX "model_prices_vendor_model_name_key" ON "model_prices"("vendor", "model_name");

-- CreateIndex
CREATE INDEX "apps_user_id_idx" ON "apps"("user_id");

-- CreateIndex
CREATE INDEX "apps_name_idx" ON "apps"("name");

-- CreateIndex
CREATE INDEX "app_llms_llm_id_idx" ON "app_llms"("llm_id");

-- CreateIndex
CREATE UNIQUE INDEX "credentials_key_id_key" ON "credentials"("key_id");

-- CreateIndex
CREATE UNIQUE INDEX "credentials_secret_hash_key" ON "credentials"("secret_hash");

-- CreateIndex
CREATE INDEX "credentials_app_id_idx" ON "credentials"("app_id");

-- CreateIndex
CREATE UNIQUE INDEX "plugins_slug_key" ON "plugins"("slug");

-- CreateIndex
CREATE INDEX "plugins_name_idx" ON "plugins"("name");

-- CreateIndex
CREATE INDEX "llm_plugins_plugin_id_idx" ON "llm_plugins"("plugin_id");

-- CreateIndex
CREATE UNIQUE INDEX "plugin_ui_routes_plugin_id_scope_route_pattern_key" ON "plugin_ui_routes"("plugin_id", "scope", "route_pattern");

-- CreateIndex
CREATE INDEX "plugin_data_expire_at_idx" ON "plugin_data"("expire_at");

-- CreateIndex
CREATE UNIQUE INDEX "plugin_data_plugin_id_data_key_key" ON "plugin_data"("plugin_id", "data_key");

-- CreateIndex
CREATE UNIQUE INDEX "edges_edge_id_key" ON "edges"("edge_id");

-- CreateIndex
CREATE UNIQUE INDEX "edges_token_hash_key" ON "edges"("token_hash");

-- CreateIndex
CREATE INDEX "telemetry_batches_received_at_idx" ON "telemetry_batches"("received_at");

-- CreateIndex
CREATE UNIQUE INDEX "usage_records_request_id_key" ON "usage_records"("request_id");

-- CreateIndex
CREATE INDEX "usage_records_at_id_idx" ON "usage_records"("at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "usage_records_app_id_at_idx" ON "usage_records"("app_id", "at" DESC);

-- CreateIndex
CREATE INDEX "usage_records_llm_id_at_idx" ON "usage_records"("llm_id", "at" DESC);

-- CreateIndex
CREATE INDEX "outbox_events_created_at_idx" ON "outbox_events"("created_at");

-- CreateIndex
CREATE INDEX "audit_log_at_idx" ON "audit_log"("at" DESC);

-- CreateIndex
CREATE INDEX "audit_log_object_type_object_id_at_idx" ON "audit_log"("object_type", "object_id", "at" DESC);

-- AddForeignKey
ALTER TABLE "user_sessions" ADD CONSTRAINT "user_sessions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "api_tokens" ADD CONSTRAINT "api_tokens_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "user_groups" ADD CONSTRAINT "user_groups_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "user_groups" ADD CONSTRAINT "user_groups_group_id_fkey" FOREIGN KEY ("group_id") REFERENCES "groups"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "apps" ADD CONSTRAINT "apps_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "app_llms" ADD CONSTRAINT "app_llms_app_id_fkey" FOREIGN KEY ("app_id") REFERENCES "apps"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "app_llms" ADD CONSTRAINT "app_llms_llm_id_fkey" FOREIGN KEY ("llm_id") REFERENCES "llms"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "credentials" ADD CONSTRAINT "credentials_app_id_fkey" FOREIGN KEY ("app_id") REFERENCES "apps"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "llm_plugins" ADD CONSTRAINT "llm_plugins_llm_id_fkey" FOREIGN KEY ("llm_id") REFERENCES "llms"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "llm_plugins" ADD CONSTRAINT "llm_plugins_plugin_id_fkey" FOREIGN KEY ("plugin_id") REFERENCES "plugins"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "plugin_ui_routes" ADD CONSTRAINT "plugin_ui_routes_plugin_id_fkey" FOREIGN KEY ("plugin_id") REFERENCES "plugins"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "plugin_data" ADD CONSTRAINT "plugin_data_plugin_id_fkey" FOREIGN KEY ("plugin_id") REFERENCES "plugins"("id") ON DELETE CASCADE ON UPDATE CASCADE;



-- Rules that Prisma's schema cannot say.
ALTER TABLE "users" ADD CONSTRAINT "users_email_lower" CHECK ("email" = lower("email") AND "email" <> '');
ALTER TABLE "groups" ADD CONSTRAINT "groups_name_present" CHECK (btrim("name") <> '');
ALTER TABLE "llms" ADD CONSTRAINT "llms_slug_form" CHECK ("slug" ~ '^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$');
ALTER TABLE "llms" ADD CONSTRAINT "llms_budget_positive" CHECK ("monthly_budget_micro_usd" IS NULL OR "monthly_budget_micro_usd" >= 0);
ALTER TABLE "llms" ADD CONSTRAINT "llms_privacy_range" CHECK ("privacy_score" BETWEEN 0 AND 100);
ALTER TABLE "apps" ADD CONSTRAINT "apps_budget_positive" CHECK ("monthly_budget_micro_usd" IS NULL OR "monthly_budget_micro_usd" >= 0);
CREATE UNIQUE INDEX "apps_one_system" ON "apps" ((true)) WHERE "is_system";
ALTER TABLE "model_prices" ADD CONSTRAINT "model_prices_not_negative" CHECK (
  "input_micro_usd_per_million" >= 0 AND "output_micro_usd_per_million" >= 0
  AND "cache_write_micro_usd_per_million" >= 0 AND "cache_read_micro_usd_per_million" >= 0);
ALTER TABLE "plugin_ui_routes" ADD CONSTRAINT "plugin_ui_routes_scope" CHECK ("scope" IN ('admin', 'portal'));
ALTER TABLE "plugin_data" ADD CONSTRAINT "plugin_data_value_size" CHECK (octet_length("data_value") <= 5242880);
ALTER TABLE "edges" ADD CONSTRAINT "edges_status" CHECK ("status" IN ('registered', 'connected', 'disconnected'));
ALTER TABLE "budget_usage" ADD CONSTRAINT "budget_usage_kind" CHECK ("kind" IN ('app', 'llm'));
ALTER TABLE "usage_records" ADD CONSTRAINT "usage_records_outcome" CHECK ("outcome" IN ('completed', 'failed', 'aborted', 'blocked'));

-- Every replica hears of every event as soon as its transaction commits.
CREATE FUNCTION "portico_outbox_notify"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('portico_outbox', NEW."id"::text || ' ' || NEW."topic" || ' ' || NEW."object_id");
  RETURN NULL;
END $$;
CREATE TRIGGER "outbox_events_notify" AFTER INSERT ON "outbox_events" FOR EACH ROW EXECUTE FUNCTION "portico_outbox_notify"();
