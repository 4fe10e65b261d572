import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createNetServer, type Server, type Socket } from "node:net";
import { anLlm } from "./hub.ts";
import { basicSnapshot, onEnd } from "./world.ts";

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  onEnd(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An upstream that answers as `handle` says. */
export const anUpstream = (handle: RequestListener) => listening(createHttpServer(handle));
/** An upstream that answers every connection with these bytes, or with silence. */
export const aRawUpstream = (onConnection: (socket: Socket) => void) => listening(createNetServer(onConnection));

/** A world whose LLM is at this endpoint. */
export const upstreamAt = (endpoint: string, more: Parameters<typeof anLlm>[2] = {}) => ({
  snapshot: (hub: Parameters<typeof anLlm>[0], url: string) => ({ ...basicSnapshot(hub, url), llms: [anLlm(hub, endpoint, more)] }),
});

export const sse = (...data: string[]) => data.map((line) => `data: ${line}\n\n`).join("");
export const delta = (text: string) => JSON.stringify({ choices: [{ index: 0, delta: { content: text } }] });
