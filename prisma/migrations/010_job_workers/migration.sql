-- CreateTable
CREATE TABLE "job_workers" (
    "pool_id" TEXT NOT NULL,
    "seen_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "job_workers_pkey" PRIMARY KEY ("pool_id")
);
