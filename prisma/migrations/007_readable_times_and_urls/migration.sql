-- Passwords in the URLs of LLMs were accepted once, never used, and shown to everybody who could see the LLM. The key belongs into
-- api_key; what is left is the address itself, here and wherever it was written down.
UPDATE "llms" SET "api_endpoint" = regexp_replace("api_endpoint", '^([a-z]+://)[^/?#]*@', '\1', 'i')
  WHERE "api_endpoint" ~* '^[a-z]+://[^/?#]*@';
UPDATE "llms" SET "api_endpoint" = split_part("api_endpoint", '#', 1) WHERE position('#' in "api_endpoint") > 0;

UPDATE "audit_log"
  SET "changes" = jsonb_set("changes", '{api_endpoint}', to_jsonb(regexp_replace("changes" ->> 'api_endpoint', '^([a-z]+://)[^/?#]*@', '\1', 'i')))
  WHERE "object_type" = 'llm' AND "changes" ->> 'api_endpoint' ~* '^[a-z]+://[^/?#]*@';
UPDATE "outbox_events"
  SET "payload" = jsonb_set("payload", '{object,api_endpoint}',
    to_jsonb(regexp_replace("payload" #>> '{object,api_endpoint}', '^([a-z]+://)[^/?#]*@', '\1', 'i')))
  WHERE "object_type" = 'llm' AND "payload" #>> '{object,api_endpoint}' ~* '^[a-z]+://[^/?#]*@';

-- Times that JavaScript cannot read back made every list with them fail.
UPDATE "apps" SET "budget_start_at" = NULL WHERE "budget_start_at" < '0001-01-01Z' OR "budget_start_at" >= '10000-01-01Z';
UPDATE "llms" SET "budget_start_at" = NULL WHERE "budget_start_at" < '0001-01-01Z' OR "budget_start_at" >= '10000-01-01Z';
UPDATE "api_tokens" SET "expires_at" = NULL WHERE "expires_at" >= '10000-01-01Z';
UPDATE "api_tokens" SET "expires_at" = '0001-01-01Z' WHERE "expires_at" < '0001-01-01Z';
