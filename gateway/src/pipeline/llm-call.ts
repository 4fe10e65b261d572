import type { Socket } from "node:net";
import type { Price } from "@portico/core";
import type { Llm } from "../config/routing-table.ts";
import type { Endpoint, UsageReader } from "../dialects/dialect.ts";
import type { Exchange } from "./exchange.ts";

/** How an LLM is called: as the body says, or only plain, or only streamed. */
export type CallMode = "call" | "rest" | "stream";

/** Longest name of a model. */
export const maxModelChars = 256;

/** A call of an LLM: where it goes, what it asks for, and how its usage is read. */
export type LlmCall = {
  readonly kind: "llm";
  readonly mode: CallMode;
  readonly slug: string;
  /** Path after the slug, in the form that is judged and sent; begins with "/". */
  readonly path: string;
  /** With its "?", or "". */
  readonly query: string;
  readonly llm: Llm | undefined;

  /** The connection of a client that wants to speak over a WebSocket. */
  readonly upgrade: Upgrade | undefined;

  /** What the path means at the vendor; undefined before admission. */
  endpoint: Endpoint | undefined;
  cost: Endpoint["cost"];
  model: string;
  /** All models that the request names, when it names several. */
  models: readonly string[] | undefined;
  /** Of the model that was asked for. */
  price: Price | undefined;
  /** Under a budget: what is charged when nothing better is known in the end. */
  assumedPrice: Price | undefined;
  /** The client asked for a stream. */
  streaming: boolean;
  /** Usage was asked for in the client's stead, so its event is not the client's to see. */
  hideUsage: boolean;
  /** The body as it was before usage was asked for in it; undefined when nothing was added. */
  bodyAsSent: Buffer | undefined;
  promptChars: number;
  /** Most tokens the answer may have, or what is assumed for it. */
  maxResponseTokens: number;
  /** The request says how long its answer may be. */
  hasTokenLimit: boolean;
  /** Set once the answer begins, when its usage is of interest and can be read. */
  usage: UsageReader | undefined;
};

/** @property head what the client sent after its request. */
export type Upgrade = { socket: Socket; head: Buffer };

export type LlmExchange = Exchange<LlmCall>;

type Opening = Pick<LlmCall, "mode" | "slug" | "path" | "query" | "llm"> & Partial<Pick<LlmCall, "upgrade">>;

// Every field is named, so that all calls have one shape.
export const newLlmCall = ({ mode, slug, path, query, llm, upgrade }: Opening): LlmCall => ({
  kind: "llm",
  mode,
  slug,
  path,
  query,
  llm,
  upgrade,
  endpoint: undefined,
  cost: "none",
  model: "",
  models: undefined,
  price: undefined,
  assumedPrice: undefined,
  streaming: false,
  hideUsage: false,
  bodyAsSent: undefined,
  promptChars: 0,
  maxResponseTokens: 0,
  hasTokenLimit: false,
  usage: undefined,
});
