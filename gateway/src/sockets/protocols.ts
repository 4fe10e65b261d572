import type { IncomingMessage } from "node:http";

/** Browsers cannot set headers on a WebSocket: clients of OpenAI send their key among its subprotocols. */
const keyPrefix = "openai-insecure-api-key.";

/** A GET that opens a WebSocket as RFC 6455 says. */
export const isSocketRequest = ({ method, headers }: IncomingMessage): boolean =>
  method === "GET" &&
  headers.upgrade?.toLowerCase() === "websocket" &&
  headers["sec-websocket-version"] === "13" &&
  /^[+/0-9A-Za-z]{22}==$/.test(headers["sec-websocket-key"] ?? "") &&
  subprotocols(headers).every((name) => token.test(name));

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const subprotocols = (headers: IncomingMessage["headers"]): string[] => {
  const offered = headers["sec-websocket-protocol"];
  return offered === undefined ? [] : [...new Set(offered.split(",").map((name) => name.trim()))];
};

/** The key that is sent as a subprotocol, "" when none is. */
export const socketKeyOf = ({ headers }: IncomingMessage): string =>
  subprotocols(headers)
    .find((name) => name.startsWith(keyPrefix))
    ?.slice(keyPrefix.length) ?? "";

/** The subprotocols that the vendor is offered. */
export const offeredProtocols = ({ headers }: IncomingMessage): string[] =>
  subprotocols(headers).filter((name) => !name.startsWith(keyPrefix));
