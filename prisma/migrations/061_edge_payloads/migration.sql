-- CreateTable
CREATE TABLE "edge_payloads" (
    "id" UUID NOT NULL,
    "plugin_id" INTEGER NOT NULL,
    "edge_id" TEXT NOT NULL,
    "edge_namespace" TEXT NOT NULL,
    "payload" BYTEA NOT NULL,
    "correlation_id" TEXT NOT NULL DEFAULT '',
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "sent_at" TIMESTAMPTZ NOT NULL,
    "received_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "error" TEXT NOT NULL DEFAULT '',
    "ended_at" TIMESTAMPTZ,

    CONSTRAINT "edge_payloads_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "edge_payloads_plugin_id_state_received_at_idx" ON "edge_payloads"("plugin_id", "state", "received_at");

-- CreateIndex
CREATE INDEX "edge_payloads_received_at_idx" ON "edge_payloads"("received_at");

-- AddForeignKey
ALTER TABLE "edge_payloads" ADD CONSTRAINT "edge_payloads_plugin_id_fkey" FOREIGN KEY ("plugin_id") REFERENCES "plugins"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE edge_payloads ADD CONSTRAINT edge_payloads_state_check CHECK (state IN ('pending', 'delivered', 'failed'));
