-- AlterTable
ALTER TABLE "groups" ADD COLUMN     "self_service" BOOLEAN NOT NULL DEFAULT false;
