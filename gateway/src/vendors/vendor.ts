import type { Tokens } from "@portico/core";
import { anthropic } from "./anthropic.ts";
import { openai } from "./openai.ts";

/** Usage as a vendor reported it; `model` is the one it says it ran, "" when it does not say. */
export type Usage = { tokens: Tokens; model: string };

/** Reads usage from an answer, event by event or as a whole. */
export type UsageMeter = {
  /** One event of a stream. @returns whether a client that asked for no usage shall see the event. */
  event(data: string): boolean;
  /** A whole JSON answer. */
  body(answer: unknown): void;
  readonly reported: Usage | undefined;
  /** Characters of generated text seen in events, from which usage is estimated when the vendor reports none. */
  readonly chars: number;
};

/** What is particular to one vendor's wire. */
export type Vendor = {
  id: string;
  /** Header in which its clients may send their key, besides `Authorization: Bearer`. */
  keyHeader: string;
  /** Headers that authenticate the gateway at the vendor, as name and value in turn. */
  authHeaders(apiKey: string): string[];
  meter(): UsageMeter;
  /** True when a streamed answer carries usage only if the request asks for it by `stream_options.include_usage`. */
  usageOnRequest(path: string): boolean;
};

const vendors = new Map([openai, anthropic].map((vendor) => [vendor.id, vendor]));

export const vendorOf = (id: string): Vendor | undefined => vendors.get(id);
