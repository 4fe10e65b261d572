import { writeSync } from "node:fs";
import { callToken, directCalls, handshake } from "@portico/protocol";

/** True when a plugin host started this process. */
export const startedByHost = (env: NodeJS.ProcessEnv = process.env): boolean => env[handshake.cookieKey] === handshake.cookieValue;

/**
 * Sends everything written to stdout (console.log included) to stderr instead: the first line of stdout is the
 * handshake, and whatever follows it is thrown away by hosts. File descriptor 1 itself stays free for the handshake.
 */
export function routeStdoutToStderr(): void {
  process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write;
}

/** Writes the handshake line; throws when the host has gone already. */
export function writeHandshake(
  socketPath: string,
  { multiplexAsked, carriesToken, takesDirectCalls }: { multiplexAsked: boolean; carriesToken: boolean; takesDirectCalls: boolean },
): void {
  const line = [handshake.coreProtocol, handshake.appProtocol, "unix", socketPath, "grpc", ""];
  // A host that asked for a multiplexed broker learns from the seventh field that it does not get one.
  if (multiplexAsked || carriesToken || takesDirectCalls) line.push("false");
  if (carriesToken || takesDirectCalls) line.push(carriesToken ? callToken.handshakeField : "");
  if (takesDirectCalls) line.push(directCalls.handshakeField);
  writeSync(1, `${line.join("|")}\n`);
}
