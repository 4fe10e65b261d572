import { documentOf } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { one } from "../http/envelope.ts";
import { SecretKeyResource } from "./contract/key.ts";
import type { KeyService, KeyState } from "./key-service.ts";

const toResource = ({ keyId, ...counts }: KeyState): SecretKeyResource => ({
  type: "secret-keys",
  id: keyId,
  attributes: { key_id: keyId, ...counts },
});

export const keyEndpoints = ({ keys }: { keys: KeyService }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/secret-key",
    summary: "Get how many stored values are encrypted with the current key, with former keys, and with keys that are not known",
    permission: "secrets.read",
    result: documentOf(SecretKeyResource),
    handle: async () => one(toResource(await keys.state())),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/secret-key/reseal",
    summary: "Encrypt what former keys have encrypted with the current key, for at most ten seconds; repeat until `former` is 0",
    permission: "secrets.write",
    result: documentOf(SecretKeyResource),
    handle: async ({ actor, signal }) => one(toResource(await keys.reseal(actor, signal))),
  }),
];
