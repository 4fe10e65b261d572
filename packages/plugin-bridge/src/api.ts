import { type Area, type NoticeKind, type Notices, noticeKind, type PluginContext, type Requests, type Theme } from "./messages.ts";

/** How requests and notices of an element reach the dashboard: through a frame's port, or directly where the element is trusted. */
export type Transport = {
  readonly [K in keyof Requests]: (body: Requests[K]["body"]) => Promise<Requests[K]["answer"]>;
} & { readonly [K in "route" | "notify"]: (body: Notices[K]) => void };

/** What changes while an element is on the page. */
export type PluginApiState = { readonly theme: Theme; readonly subPath: string };

/** What an element gets as `pluginAPI`, in the portal as `portalPluginAPI`. */
export type PluginApi = {
  /** Calls a method of the plugin. Rejects with the plugin's or studio's message, and a `code`. */
  call(method: string, payload?: unknown): Promise<unknown>;
  /** Goes to a place inside the plugin's own page. */
  navigate(subPath: string): void;
  notify(message: string, kind?: NoticeKind): void;
  /** Asks the person in a dialog of the dashboard that names the plugin. */
  confirm(message: string, options?: { verb?: string }): Promise<boolean>;
  readonly theme: Theme;
  readonly context: PluginContext;
};

/** The same object for trusted and sandboxed elements: an element cannot tell which it is. */
export function createPluginApi({
  transport,
  state,
  area,
  locale,
  context = {},
}: {
  transport: Transport;
  state: PluginApiState;
  area: Area;
  locale: string;
  context?: Readonly<Record<string, unknown>>;
}): PluginApi {
  return Object.freeze({
    call: (method: string, payload?: unknown) => transport.call({ method: String(method), payload: payload ?? {} }),
    navigate: (subPath: string) => transport.route({ subPath: String(subPath) }),
    notify: (message: string, kind?: NoticeKind) => transport.notify({ message: String(message), kind: noticeKind(kind) }),
    confirm: (message: string, { verb = "Continue" } = {}) => transport.confirm({ message: String(message), verb: String(verb) }),
    get theme() {
      return state.theme;
    },
    get context() {
      return Object.freeze({ ...context, area, locale, subPath: state.subPath });
    },
  });
}
