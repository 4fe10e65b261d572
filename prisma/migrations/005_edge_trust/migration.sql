-- AlterTable
ALTER TABLE "edges" ADD COLUMN     "client_key_sha256" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "instance_id" VARCHAR(64) NOT NULL DEFAULT '',
ADD COLUMN     "last_rejection" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "last_rejection_at" TIMESTAMPTZ,
ADD COLUMN     "ownerless_records" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "rejected_records" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "transport" TEXT NOT NULL DEFAULT '';
