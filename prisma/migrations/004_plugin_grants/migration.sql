-- AlterTable
ALTER TABLE "plugins" ADD COLUMN     "approved_code_hash" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "code_hash" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "declared_capabilities" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "declared_code_hash" TEXT NOT NULL DEFAULT '';

-- CreateTable
CREATE TABLE "plugin_grants" (
    "plugin_id" INTEGER NOT NULL,
    "capability" TEXT NOT NULL,
    "granted_by" INTEGER NOT NULL,
    "granted_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "plugin_grants_pkey" PRIMARY KEY ("plugin_id","capability")
);

-- CreateIndex
CREATE INDEX "plugin_grants_capability_idx" ON "plugin_grants"("capability");

-- AddForeignKey
ALTER TABLE "plugin_grants" ADD CONSTRAINT "plugin_grants_plugin_id_fkey" FOREIGN KEY ("plugin_id") REFERENCES "plugins"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What administrators approved so far stays granted: scopes, object hooks, hook types and the methods that the manifest lists.
INSERT INTO "plugin_grants" ("plugin_id", "capability", "granted_by")
SELECT p.id, asked.capability, 0
FROM "plugins" p
CROSS JOIN LATERAL (
    SELECT unnest(p.service_scopes) AS capability
    UNION
    SELECT hook FROM unnest(p.hook_types) AS hook WHERE hook NOT IN ('object_hooks', 'pending')
    UNION
    SELECT 'rpc:' || method
    FROM jsonb_array_elements_text(
        CASE WHEN jsonb_typeof(p.manifest -> 'permissions' -> 'rpc') = 'array' THEN p.manifest -> 'permissions' -> 'rpc' ELSE '[]' END
    ) AS method
) AS asked
WHERE p.service_access_authorized
ON CONFLICT DO NOTHING;

-- A plugin that is attached to an LLM keeps serving it.
INSERT INTO "plugin_grants" ("plugin_id", "capability", "granted_by")
SELECT DISTINCT p.id, hook, 0
FROM "plugins" p
JOIN "llm_plugins" lp ON lp.plugin_id = p.id
CROSS JOIN LATERAL unnest(CASE WHEN cardinality(p.hook_types) > 0 THEN p.hook_types ELSE ARRAY[p.hook_type] END) AS hook
WHERE hook IN ('pre_auth', 'auth', 'post_auth', 'on_response', 'data_collection', 'custom_endpoint')
ON CONFLICT DO NOTHING;
