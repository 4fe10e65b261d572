import type { EdgeAttributes } from "../../server/edges/contract.ts";
import { Status, type Tone } from "../ui/status.tsx";

const linkTones: Record<string, Tone> = {
  connected: "good",
  registered: "info",
  unhealthy: "warn",
  disconnected: "bad",
  unregistered: "idle",
};
const syncTones: Record<string, Tone> = { in_sync: "good", pending: "info", stale: "warn", unknown: "idle", rejected: "bad" };
const syncWords: Record<string, string> = {
  in_sync: "In sync",
  pending: "Waiting for acknowledgement",
  stale: "Behind",
  unknown: "Unknown",
  rejected: "Rejected",
};

const linkWords: Record<string, string> = { registered: "Never connected" };

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

export const EdgeLink = ({ edge }: { edge: EdgeAttributes }) => (
  <Status tone={linkTones[edge.status] ?? "idle"}>{linkWords[edge.status] ?? capital(edge.status)}</Status>
);

export const EdgeSync = ({ edge }: { edge: EdgeAttributes }) => (
  <Status tone={syncTones[edge.sync_status] ?? "idle"}>{syncWords[edge.sync_status] ?? capital(edge.sync_status || "unknown")}</Status>
);

const transports: Record<string, { tone: Tone; words: string }> = {
  mtls: { tone: "good", words: "TLS with client certificate" },
  tls: { tone: "good", words: "TLS" },
  plaintext: { tone: "warn", words: "Plain text, from this machine" },
};

/** How the edge is connected, or was last. */
export const EdgeTransport = ({ edge }: { edge: EdgeAttributes }) => {
  const { tone, words } = transports[edge.transport] ?? { tone: "idle", words: edge.transport || "Never connected" };
  return <Status tone={tone}>{words}</Status>;
};

/** The beginning of a checksum, enough to compare by eye. */
export const shortSum = (checksum: string | undefined): string => (checksum ? checksum.replace(/^sha256:/, "").slice(0, 12) : "–");
