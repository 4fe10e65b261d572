"use client";

import { useQueryClient } from "@tanstack/react-query";
import type { EdgeAttributes, EdgeWithToken } from "../../server/edges/contract.ts";
import { call } from "../api/http.ts";
import { CodeBlock, CopyLine } from "../ui/code.tsx";
import { confirmAction } from "../ui/confirm.tsx";
import { Notice } from "../ui/notice.tsx";
import { Section } from "../ui/page.tsx";
import { toast } from "../ui/toast.tsx";
import classes from "./edge-token.module.css";

function commandOf(edge: EdgeAttributes, token: string, hubPort: number): string {
  const settings = {
    PORTICO_HUB: `${window.location.hostname}:${hubPort}`,
    PORTICO_HUB_CA_SHA256: edge.hub_ca_sha256,
    PORTICO_EDGE_ID: edge.edge_id,
    ...(edge.namespace === "default" ? {} : { PORTICO_EDGE_NAMESPACE: edge.namespace }),
    PORTICO_EDGE_TOKEN: token,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value} \\\n`);
  return `${lines.join("")}node gateway/src/main.ts`;
}

/** A token that was just made, and how to start a gateway with it. It is in the browser only until the page is left. */
export function NewToken({ edge, token, hubPort }: { edge: EdgeAttributes; token: string; hubPort: number }) {
  return (
    <div className={classes.token}>
      <Notice tone="warn" title="Copy the token now: it is shown only this once.">
        <CopyLine value={token} what="token" />
      </Notice>
      <Section
        title="Start the gateway"
        lead="Run this in a checkout of Portico on a machine that reaches this studio. Beside another gateway, set a separate GATEWAY_PORT and PORTICO_DATA_DIR."
      >
        <CodeBlock code={commandOf(edge, token, hubPort)} what="command" />
      </Section>
    </div>
  );
}

/** Asks, then gives the edge a new token and hands it to `onToken`. */
export function useRotateToken(edge: EdgeAttributes, { isOwn, onToken }: { isOwn: boolean; onToken(token: string): void }) {
  const client = useQueryClient();
  return () => {
    let made: string | undefined;
    confirmAction({
      title: "Rotate token",
      lead: (
        <>
          The token of <strong>{edge.edge_id}</strong> is revoked at once and its gateway is disconnected. The gateway keeps running its
          current configuration and gets no changes until it is restarted with the new token.
          {isOwn && " This gateway is started together with the studio, which gives it a new token at the next start."}
        </>
      ),
      verb: "Rotate token",
      run: async () => {
        const { data } = await call<{ data: EdgeWithToken }>("POST", `/api/v1/edges/${encodeURIComponent(edge.edge_id)}/rotate-token`);
        made = data.attributes.token;
      },
      onDone: () => {
        if (made) onToken(made);
        toast("Token rotated", "Copy the new one now: it is shown only this once.");
        void client.invalidateQueries({ queryKey: ["edges"] });
      },
    });
  };
}
