"use client";

import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { SecretKeyAttributes } from "../../server/secrets/contract/key.ts";
import { call } from "../api/http.ts";
import { q } from "../api/query.ts";
import type { One } from "../api/types.ts";
import { plural } from "../ui/format.ts";
import { Notice } from "../ui/notice.tsx";
import { toast, toastError } from "../ui/toast.tsx";

/** Says which stored values the current key does not encrypt, and encrypts them again. Silent when it encrypts all. */
export function SecretKeyNotice() {
  const client = useQueryClient();
  const key = q("secrets", "/api/v1/secret-key");
  const { data } = useQuery<One<SecretKeyAttributes>>(key);
  const reseal = useMutation({
    // Each request works for a few seconds.
    async mutationFn() {
      let left: number;
      let before = Number.POSITIVE_INFINITY;
      do {
        left = (await call<One<SecretKeyAttributes>>("POST", "/api/v1/secret-key/reseal")).data.attributes.former;
        if (left >= before) throw new Error(`${plural(left, "value")} could not be encrypted again.`);
        before = left;
      } while (left > 0);
    },
    onSuccess: () => toast("Everything is encrypted with the current key", "Remove the former key from PORTICO_FORMER_SECRET_KEYS."),
    onError: (error) => toastError("The values were not encrypted again", error),
    onSettled: () => client.invalidateQueries({ queryKey: key.queryKey }),
  });
  const counts = data?.data.attributes;
  if (!counts) return null;
  return (
    <>
      {counts.unreadable > 0 && (
        <Notice tone="bad" title={`${plural(counts.unreadable, "stored value")} cannot be read`}>
          They were encrypted with a key that studio does not have. Add it to PORTICO_FORMER_SECRET_KEYS, or enter the values again.
        </Notice>
      )}
      {counts.former > 0 && (
        <Notice tone="warn" title={`${plural(counts.former, "stored value")} are encrypted with a former key`}>
          <Button size="xs" variant="default" loading={reseal.isPending} onClick={() => reseal.mutate()}>
            Encrypt again
          </Button>
        </Notice>
      )}
    </>
  );
}
