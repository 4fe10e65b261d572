#!/usr/bin/env node
import { allow, beforeSave, definePlugin, reject } from "@portico/plugin-sdk";
import configSchema from "./config.schema.json" with { type: "json" };
import manifest from "./manifest.json" with { type: "json" };
import { faultOf, type Policy, rulesOf } from "./policy.ts";

export default definePlugin<Policy>({
  manifest,
  configSchema,
  objectHooks: [
    beforeSave(
      "llm",
      ({ object }, { config }) => {
        const fault = faultOf(object, config);
        if (fault) return reject(fault);
        return allow({
          metadata: {
            validated_by: `${manifest.id}@${manifest.version}`,
            validated_at: new Date().toISOString(),
            validation_rules: rulesOf(config).join(","),
          },
        });
      },
      { priority: 10 },
    ),
  ],
});
