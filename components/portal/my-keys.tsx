"use client";

import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { CredentialAttributes } from "../../server/credentials/contract.ts";
import { call } from "../api/http.ts";
import type { One, Resource } from "../api/types.ts";
import classes from "../apps/credentials.module.css";
import { CopyLine } from "../ui/code.tsx";
import { confirmAction } from "../ui/confirm.tsx";
import { Failure, Notice } from "../ui/notice.tsx";
import { Section } from "../ui/page.tsx";
import { Status } from "../ui/status.tsx";
import { Ago } from "../ui/time.tsx";
import { toast, toastError } from "../ui/toast.tsx";
import { myAppCredentialsKey } from "./my-app-keys.ts";

const hintOf = ({ attributes }: Resource<CredentialAttributes>) => `pk_…${attributes.hint}`;

/** The keys of one of the signed-in user's apps. `onSecret` gets a new secret, which exists in the browser only until the page is left. */
export function MyKeys({ appId, secret, onSecret }: { appId: string; secret: string | null; onSecret: (secret: string) => void }) {
  const client = useQueryClient();
  const key = myAppCredentialsKey(appId);
  const path = `/common/apps/${encodeURIComponent(appId)}/credentials`;
  const keys = useQuery<{ data: Resource<CredentialAttributes>[] }>(key);
  const refresh = () => client.invalidateQueries({ queryKey: ["apps"] });
  const create = useMutation({
    mutationFn: () => call<One<CredentialAttributes>>("POST", path, {}),
    onSuccess: (made) => {
      if (made.data.attributes.secret) onSecret(made.data.attributes.secret);
      void refresh();
    },
    onError: (error) => toastError("The key was not created", error),
  });
  const revoke = (row: Resource<CredentialAttributes>) =>
    confirmAction({
      title: "Revoke key",
      lead: `Calls with the key ${hintOf(row)} are rejected within a second, permanently. Programs that use it need a new one.`,
      verb: "Revoke key",
      run: () => call("DELETE", `${path}/${row.id}`),
      onDone: () => {
        toast("Key revoked");
        void refresh();
      },
    });
  return (
    <Section
      title="Keys"
      lead="To rotate a key, create another, use it in your program, then revoke the old one."
      actions={
        <Button loading={create.isPending} onClick={() => create.mutate()}>
          Create key
        </Button>
      }
    >
      {secret && (
        <div className={classes.secret}>
          <Notice tone="warn" title="Copy the key now: it is shown only this once.">
            <CopyLine value={secret} what="key" />
          </Notice>
        </div>
      )}
      {keys.error && <Failure what="The keys" error={keys.error} retry={() => void keys.refetch()} />}
      {keys.data?.data.length === 0 && <p className="quiet">No keys yet. Without one your program cannot call anything.</p>}
      {keys.data && keys.data.data.length > 0 && (
        <ul className={classes.list}>
          {keys.data.data.map((row) => (
            <li key={row.id}>
              <code className="truncate">{hintOf(row)}</code>
              <Status tone={row.attributes.active ? "good" : "idle"}>{row.attributes.active ? "Active" : "Waiting for approval"}</Status>
              <span className="quiet">
                created <Ago at={row.attributes.created_at} />
              </span>
              <Button size="xs" variant="default" onClick={() => revoke(row)} aria-label={`Revoke ${hintOf(row)}`}>
                Revoke
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
