/*
 * What the dashboard and the frame of a plugin's element say to each other. Both ends are built together; the frame's end is in front of a
 * plugin's script and may be spoken for by it, so the dashboard reads every field of `FromFrame` as if anything could be in it.
 */

export type Area = "admin" | "portal";
export type Theme = {
  readonly scheme: "light" | "dark";
  /** CSS variables (`--portico-…`) and their values. */
  readonly variables: Readonly<Record<string, string>>;
};
/** What an element may read as `pluginAPI.context`. */
export type PluginContext = Readonly<Record<string, unknown>> & { readonly area: Area; readonly locale: string; readonly subPath: string };

const noticeKinds = ["info", "success", "warning", "error"] as const;
export type NoticeKind = (typeof noticeKinds)[number];
export const noticeKind = (kind: unknown): NoticeKind => noticeKinds.find((one) => one === kind) ?? "info";

/** A question that the dashboard asks in a plugin's name. */
export type ConfirmRequest = { message: string; verb: string };

/** Hands the port over: the only message to the frame's window. */
export type Connect = {
  type: "portico-connect";
  /** In the frame's address too, so that nobody but our own page takes the port. */
  nonce: string;
  area: Area;
  tag: string;
  entryUrl: string;
  integrity: string;
  entryType: "classic" | "module";
  props: Record<string, unknown>;
  theme: Theme;
  subPath: string;
  locale: string;
  title: string;
  context: Record<string, unknown>;
  defineTimeoutMs: number;
};

/** What an element asks for and waits for, by kind. */
export type Requests = {
  call: { body: { method: string; payload: unknown }; answer: unknown };
  confirm: { body: ConfirmRequest; answer: boolean };
};
/** What an element says without waiting. */
export type Notices = {
  route: { subPath: string };
  navigate: { path: string };
  /** The shortcut of the command palette was pressed. */
  palette: Record<never, never>;
  open: { url: string };
  notify: { message: string; kind: NoticeKind };
};
/** What the frame itself says of its element. */
type Lifecycle = { ready: { height: number }; height: { height: number }; failed: { message: string }; error: { message: string } };

type Typed<All> = { [K in keyof All]: { type: K } & All[K] }[keyof All];

export type FromFrame =
  | Typed<Notices & Lifecycle>
  | { [K in keyof Requests]: { type: K; id: number } & Requests[K]["body"] }[keyof Requests];

export type Answer = { type: "answer"; id: number } & ({ ok: true; value: unknown } | { ok: false; message: string; code: string });

export type ToFrame = Answer | { type: "theme"; theme: Theme } | { type: "route"; subPath: string };
