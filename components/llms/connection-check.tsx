"use client";

import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { ConnectionResult } from "../../server/llms/contract/connection.ts";
import { call, messageOf } from "../api/http.ts";
import type { One } from "../api/types.ts";
import { formatDuration } from "../ui/format.ts";
import { Notice } from "../ui/notice.tsx";
import type { Tone } from "../ui/status.tsx";

/** What is to be tested: fields of a draft, or the id of what is stored. */
export type ConnectionDraft = {
  llm_id?: number;
  vendor?: string;
  api_endpoint?: string;
  api_key?: string;
  default_model?: string;
};

export const testConnection = async (draft: ConnectionDraft): Promise<ConnectionResult> =>
  (await call<One<ConnectionResult>>("POST", "/api/v1/llms/test-connection", draft)).data.attributes;

const looks: Record<ConnectionResult["result"], { tone: Tone; title: string }> = {
  ok: { tone: "good", title: "The connection works" },
  warning: { tone: "warn", title: "Connected, with a warning" },
  failed: { tone: "bad", title: "The connection does not work" },
};

/** A button that asks the vendor for its models with what is filled in, and the answer in words beside it. */
export function ConnectionCheck({ draft, onModels }: { draft: ConnectionDraft; onModels?: (models: string[]) => void }) {
  const test = useMutation({ mutationFn: testConnection, onSuccess: ({ models }) => onModels?.(models) });
  // A result is of the fields that were tested, and no longer shown when one of them changes.
  const tested = JSON.stringify(draft);
  const shownFor = useRef(tested);
  useEffect(() => {
    if (shownFor.current === tested) return;
    shownFor.current = tested;
    test.reset();
  }, [tested, test.reset]);
  const look = test.data && looks[test.data.result];
  return (
    <div style={{ display: "grid", gap: 12, justifyItems: "start" }}>
      <Button variant="default" loading={test.isPending} onClick={() => test.mutate(draft)}>
        Test connection
      </Button>
      {test.data && look && (
        <Notice tone={look.tone} title={look.title}>
          {test.data.message} <span className="quiet num">{formatDuration(test.data.duration_ms)}</span>
        </Notice>
      )}
      {test.error && (
        <Notice tone="bad" title="The connection was not tested">
          {messageOf(test.error)}
        </Notice>
      )}
    </div>
  );
}
