import type { EndpointRegistration } from "@portico/protocol/plugin";
import type { GatewayPlugin } from "../config/routing-table.ts";
import type { Exchange } from "./exchange.ts";

/** A request to a path that a plugin serves. */
export type EndpointCall = {
  readonly kind: "endpoint";
  readonly plugin: GatewayPlugin;
  /** Below the plugin's own path, as it is judged; begins with "/". */
  readonly path: string;
  /** With its "?", or "". */
  readonly query: string;
  /** Undefined before the plugin's endpoints have been looked through. */
  endpoint: EndpointRegistration | undefined;
};

export type EndpointExchange = Exchange<EndpointCall>;
