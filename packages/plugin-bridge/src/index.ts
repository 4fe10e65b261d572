export { createPluginApi, type PluginApi, type PluginApiState, type Transport } from "./api.ts";
export { dataAttributes, setUp } from "./element.ts";
export { type Followed, followLink } from "./links.ts";
export {
  type Answer,
  type Area,
  type ConfirmRequest,
  type Connect,
  type FromFrame,
  type NoticeKind,
  noticeKind,
  type PluginContext,
  type Theme,
  type ToFrame,
} from "./messages.ts";
