-- CreateTable
CREATE TABLE "llm_settings" (
    "id" SERIAL NOT NULL,
    "model_name" VARCHAR(200) NOT NULL,
    "max_length" INTEGER NOT NULL DEFAULT 0,
    "max_tokens" INTEGER NOT NULL DEFAULT 0,
    "min_length" INTEGER NOT NULL DEFAULT 0,
    "repetition_penalty" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "seed" INTEGER NOT NULL DEFAULT 0,
    "stop_words" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "temperature" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "top_k" INTEGER NOT NULL DEFAULT 0,
    "top_p" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "system_prompt" TEXT NOT NULL DEFAULT '',
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "llm_settings_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "llm_settings_model_name_id_idx" ON "llm_settings"("model_name", "id");
