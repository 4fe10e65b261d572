"use client";

import { Button, Group, Skeleton, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call, document, messageOf } from "../api/http.ts";
import { q } from "../api/query.ts";
import type { One, Resource } from "../api/types.ts";
import { CopyLine } from "../ui/code.tsx";
import { Failure, Notice } from "../ui/notice.tsx";
import { Ago } from "../ui/time.tsx";
import classes from "./api-tokens.module.css";

type Token = { name: string; hint: string; token?: string; created_at: string; expires_at: string | null; last_used_at?: string | null };

const tokensKey = q("api-tokens", "/common/api-tokens");

/** The signed-in user's API tokens: made here, shown once, revoked here. */
export function ApiTokens() {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const tokens = useQuery<{ data: Resource<Token>[] }>(tokensKey);
  const refresh = () => client.invalidateQueries({ queryKey: ["api-tokens"] });
  const create = useMutation({
    mutationFn: () => call<One<Token>>("POST", "/common/api-tokens", document("api-tokens", { name: name.trim() })),
    onSuccess: () => {
      setName("");
      void refresh();
    },
  });
  const revoke = useMutation({ mutationFn: (id: string) => call("DELETE", `/common/api-tokens/${id}`), onSuccess: refresh });
  const made = create.data?.data.attributes;
  return (
    <div className={classes.body}>
      <p className="quiet">
        A token lets a program act as you on the REST API: send it as <code>Authorization: Bearer …</code> All of your tokens are revoked
        when your password changes. Revoking a token also revokes those created with it.
      </p>
      {made?.token && (
        <Notice tone="warn" title={`Copy “${made.name}” now: it is shown only this once.`}>
          <CopyLine value={made.token} what="token" />
        </Notice>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <Group align="flex-end" gap="xs" wrap="nowrap">
          <TextInput
            style={{ flex: 1 }}
            label="Name of the new token"
            placeholder="Deploy script"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={create.error ? messageOf(create.error) : undefined}
          />
          <Button type="submit" loading={create.isPending} disabled={name.trim() === ""}>
            Create token
          </Button>
        </Group>
      </form>
      {tokens.isPending && <Skeleton height={72} />}
      {tokens.error && <Failure what="Your tokens" error={tokens.error} retry={() => void tokens.refetch()} />}
      {tokens.data && tokens.data.data.length > 0 && (
        <ul className={classes.list}>
          {tokens.data.data.map((token) => (
            <li key={token.id}>
              <div className="truncate">
                {token.attributes.name} <code className="quiet">{token.attributes.hint}</code>
                <div className="eyebrow">
                  created <Ago at={token.attributes.created_at} />, used <Ago at={token.attributes.last_used_at} />
                </div>
              </div>
              <Button
                size="xs"
                variant="default"
                loading={revoke.isPending && revoke.variables === token.id}
                onClick={() => revoke.mutate(token.id)}
                aria-label={`Revoke ${token.attributes.name}`}
              >
                Revoke
              </Button>
            </li>
          ))}
        </ul>
      )}
      {revoke.error && (
        <Notice tone="bad" title="The token was not revoked">
          {messageOf(revoke.error)}
        </Notice>
      )}
    </div>
  );
}
