export { createOutbound, type Outbound, OutboundRefused, type OutboundSettings, type OwnPort, type Purpose } from "./outbound.ts";
