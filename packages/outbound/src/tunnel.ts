import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { OutboundProxy } from "./proxies.ts";

/** The proxy cannot be reached, or does not open the connection that is asked of it. */
export class ProxyFailed extends Error {
  readonly code = "PROXY_FAILED";
}

const maxHeadBytes = 16 * 1024;
const endOfHead = "\r\n\r\n";

/** Opens a connection to `host` and `port` through a proxy, by CONNECT. Calls back once. */
export function openTunnel(
  { proxy, host, port, timeoutMs }: { proxy: OutboundProxy; host: string; port: number; timeoutMs: number },
  callback: (error: Error | null, socket: Socket | null) => void,
): void {
  const at = { host: proxy.hostname, port: proxy.port };
  const shown = `the proxy at ${proxy.hostname}:${proxy.port}`;
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const socket = proxy.protocol === "https:" ? connectTls({ ...at, servername: proxy.hostname, ALPNProtocols: ["http/1.1"] }) : connect(at);
  let head = "";

  const timer = setTimeout(() => fail(`${shown} did not open a connection to ${authority} in time`), timeoutMs);
  function end(error: Error | null): void {
    clearTimeout(timer);
    socket.off("data", onData).off("error", onError).off("close", onClose);
    if (error) {
      // Its end has been reported; what still comes is of no interest.
      socket.on("error", () => undefined).destroy();
    }
    callback(error, error ? null : socket);
  }
  const fail = (message: string) => end(new ProxyFailed(`${message[0]?.toUpperCase()}${message.slice(1)}.`));
  const onError = (error: Error) => fail(`${shown} cannot be reached (${error.message})`);
  const onClose = () => fail(`${shown} closed the connection instead of opening one to ${authority}`);
  function onData(chunk: Buffer): void {
    head += chunk.toString("latin1");
    const at = head.indexOf(endOfHead);
    if (at < 0) {
      if (head.length > maxHeadBytes) fail(`${shown} gave an answer that is not HTTP`);
      return;
    }
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0);
    if (status < 200 || status > 299) {
      fail(`${shown} refused a connection to ${authority} with status ${status}`);
      return;
    }
    socket.pause();
    const rest = Buffer.from(head.slice(at + endOfHead.length), "latin1");
    if (rest.length > 0) socket.unshift(rest);
    end(null);
  }

  socket.once(proxy.protocol === "https:" ? "secureConnect" : "connect", () => {
    socket.setNoDelay(true).setKeepAlive(true, 60_000);
    const authorization = proxy.authorization ? `Proxy-Authorization: ${proxy.authorization}\r\n` : "";
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}${endOfHead.slice(2)}`);
  });
  socket.on("data", onData).on("error", onError).on("close", onClose);
}
