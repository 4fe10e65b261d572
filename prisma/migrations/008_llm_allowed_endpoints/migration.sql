-- AlterTable
ALTER TABLE "llms" ADD COLUMN     "allowed_endpoints" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "key_origins" TEXT[] DEFAULT ARRAY[]::TEXT[];
