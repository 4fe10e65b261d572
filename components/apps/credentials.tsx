"use client";

import { Button, Group, Skeleton } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { CredentialAttributes } from "../../server/credentials/contract.ts";
import { call } from "../api/http.ts";
import { q } from "../api/query.ts";
import type { One, Resource } from "../api/types.ts";
import { CopyLine } from "../ui/code.tsx";
import { confirmAction } from "../ui/confirm.tsx";
import { Failure, Notice } from "../ui/notice.tsx";
import { Section } from "../ui/page.tsx";
import { Status } from "../ui/status.tsx";
import { Ago } from "../ui/time.tsx";
import { toast, toastError } from "../ui/toast.tsx";
import classes from "./credentials.module.css";

/** A key by its last characters, by which it can be recognized in a configuration. */
const hintOf = ({ attributes }: Resource<CredentialAttributes>) => `pk_…${attributes.hint}`;

/** An app's credentials. `onSecret` gets a new secret, which exists in the browser only until the page is left. */
export function Credentials({ appId, secret, onSecret }: { appId: string; secret: string | null; onSecret: (secret: string) => void }) {
  const client = useQueryClient();
  const key = q("apps", `/api/v1/apps/${appId}/credentials`);
  const credentials = useQuery<{ data: Resource<CredentialAttributes>[] }>(key);
  const refresh = () => client.invalidateQueries({ queryKey: key.queryKey });
  const create = useMutation({
    mutationFn: () => call<One<CredentialAttributes>>("POST", `/api/v1/apps/${appId}/credentials`, {}),
    onSuccess: (made) => {
      if (made.data.attributes.secret) onSecret(made.data.attributes.secret);
      void refresh();
    },
    onError: (error) => toastError("The credential was not created", error),
  });
  const toggle = useMutation({
    mutationFn: (row: Resource<CredentialAttributes>) =>
      call("POST", `/api/v1/credentials/${row.id}/${row.attributes.active ? "deactivate" : "activate"}`),
    onSuccess: (_, row) => {
      toast(
        row.attributes.active ? "Credential deactivated" : "Credential activated",
        row.attributes.active ? "Gateways reject it from now on." : undefined,
      );
      void refresh();
    },
    onError: (error) => toastError("The credential was not changed", error),
  });
  const revoke = (row: Resource<CredentialAttributes>) =>
    confirmAction({
      title: "Revoke credential",
      lead: `Calls with the key ${hintOf(row)} are rejected within a second, permanently. Programs that use it need a new one.`,
      verb: "Revoke credential",
      run: () => call("DELETE", `/api/v1/credentials/${row.id}`),
      onDone: () => {
        toast("Credential revoked");
        void refresh();
      },
    });
  return (
    <Section
      title="Credentials"
      lead="What the app's program sends as its API key."
      actions={
        <Button loading={create.isPending} onClick={() => create.mutate()}>
          Create credential
        </Button>
      }
    >
      {secret && (
        <div className={classes.secret}>
          <Notice tone="warn" title="Copy the secret now: it is shown only this once.">
            <CopyLine value={secret} what="secret" />
          </Notice>
        </div>
      )}
      {credentials.isPending && <Skeleton height={72} />}
      {credentials.error && <Failure what="The credentials" error={credentials.error} retry={() => void credentials.refetch()} />}
      {credentials.data?.data.length === 0 && <p className="quiet">None yet. Without one the app cannot call anything.</p>}
      {credentials.data && credentials.data.data.length > 0 && (
        <ul className={classes.list}>
          {credentials.data.data.map((row) => (
            <li key={row.id}>
              <code className="truncate" title={`Key id ${row.attributes.key_id}`}>
                {hintOf(row)}
              </code>
              <Status tone={row.attributes.active ? "good" : "idle"}>{row.attributes.active ? "Active" : "Inactive"}</Status>
              <span className="quiet">
                {row.attributes.created_at && (
                  <>
                    created <Ago at={row.attributes.created_at} />
                  </>
                )}
              </span>
              <Group gap={4} justify="flex-end" wrap="nowrap">
                <Button
                  size="xs"
                  variant="default"
                  loading={toggle.isPending && toggle.variables.id === row.id}
                  onClick={() => toggle.mutate(row)}
                  aria-label={`${row.attributes.active ? "Deactivate" : "Activate"} ${hintOf(row)}`}
                >
                  {row.attributes.active ? "Deactivate" : "Activate"}
                </Button>
                <Button size="xs" variant="default" onClick={() => revoke(row)} aria-label={`Revoke ${hintOf(row)}`}>
                  Revoke
                </Button>
              </Group>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
