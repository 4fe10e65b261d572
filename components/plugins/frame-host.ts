/**
 * The dashboard's end of a sandboxed plugin element. The frame has an opaque origin: no cookies, no storage, no network. All it can do is
 * ask through one MessagePort, and this module decides what an answer is. Framework-free; packages/plugin-bridge is the other end.
 */
import {
  type Answer,
  type Area,
  type ConfirmRequest,
  type Connect,
  type FromFrame,
  type NoticeKind,
  noticeKind,
  type Theme,
  type ToFrame,
} from "@portico/plugin-bridge";

export type MountOptions = {
  /** `frame_url` of the registry row. */
  frameUrl: string;
  /** `entry_url`, `entry_integrity` and `entry_type` of the registry row. */
  entryUrl: string;
  integrity: string;
  entryType: "classic" | "module";
  tag: string;
  area: Area;
  /** Name of the frame for screen readers. */
  title: string;
  /** `mount_config.props`: become `data-*` attributes of the element. */
  props?: Record<string, unknown>;
  theme: Theme;
  /** Where inside the plugin's page we are, e.g. `items/7`; "" for its start. */
  subPath?: string;
  locale?: string;
  /** What the element may read as `pluginAPI.context`, beside area, locale and subPath. Never secrets. */
  context?: Record<string, unknown>;
  /** Carries a call to the plugin. Its rejection's message (and `code`) reaches the element. */
  rpc(method: string, payload: Record<string, unknown>, signal: AbortSignal): Promise<unknown>;
  /** Asks the person; `request` may hold anything. A dialog that is not opened is a no. */
  confirm?(request: ConfirmRequest): Promise<boolean>;
  /** The element is on the page. */
  onReady?(): void;
  /** The element cannot be shown; show the sentence with a retry. */
  onFail?(message: string): void;
  /** Something in the element failed after it was shown. */
  onError?(message: string): void;
  /** The element asks for another place inside its page; `subPath` may be anything. */
  onRoute?(subPath: string): void;
  /** The element asks for another page of the dashboard; `path` may be anything. */
  onNavigate?(path: string): void;
  /** A link to somewhere else was followed, or so the frame says: `url` may be anything. */
  onOpen?(url: string): void;
  /** The shortcut of the command palette was pressed in the frame, or so it says. */
  onPalette?(): void;
  onNotify?(message: string, kind: NoticeKind): void;
  /** From the start until the element is there; default 10 s. */
  timeoutMs?: number;
};

export type MountedFrame = {
  setTheme(theme: Theme): void;
  setSubPath(subPath: string): void;
  /** Throws the frame away and starts again. */
  retry(): void;
  destroy(): void;
};

const defaultTimeoutMs = 10_000;
const maxCallsInFlight = 32;
const maxPayloadChars = 3 * 1024 * 1024;
const maxHeightPx = 20_000;
/** Room for dialogs of a page that is short itself. */
const minHeightPx = 320;

/** Whatever the frame's end sends is what the plugin makes of it. */
type Untrusted = Record<string, unknown>;

const text = (value: unknown, max = 2_000): string => (typeof value === "string" ? value.slice(0, max) : "");

/** What of the window is above the frame and below it: it fills the rest, so that dialogs inside it stand where they are seen. */
const roomAbove = (container: HTMLElement): number => Math.min(Math.max(container.getBoundingClientRect().top, 0), 400) + 24;

/** One life of the frame, from its insertion to its removal. */
function startFrame(container: HTMLElement, options: MountOptions, now: { theme: Theme; subPath: string }) {
  const frame = document.createElement("iframe");
  const nonce = crypto.randomUUID();
  const ended = new AbortController();
  let port: MessagePort | undefined;
  let inFlight = 0;

  function fail(message: string): void {
    if (ended.signal.aborted) return;
    end();
    options.onFail?.(message);
  }

  const timer = setTimeout(
    () => fail("The page of this plugin did not appear in time. It may be restarting; try again."),
    options.timeoutMs ?? defaultTimeoutMs,
  );

  const send = (message: ToFrame) => port?.postMessage(message);

  async function call({ method, payload }: Untrusted): Promise<unknown> {
    const json = JSON.stringify(payload ?? {});
    if (json.length > maxPayloadChars) throw new Error("The payload of this call is too large.");
    const parsed: unknown = JSON.parse(json);
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw new Error("The payload of a call is an object.");
    return options.rpc(text(method, 200), parsed as Record<string, unknown>, ended.signal);
  }

  /** Answers a request under its id, in whatever way it ends. */
  async function answer({ id }: Untrusted, work: () => Promise<unknown>): Promise<void> {
    const reply = (outcome: { ok: true; value: unknown } | { ok: false; message: string; code: string }) => {
      if (typeof id === "number" && !ended.signal.aborted) send({ type: "answer", id, ...outcome } satisfies Answer);
    };
    if (inFlight >= maxCallsInFlight) return reply({ ok: false, message: "Too many calls at once.", code: "rate_limited" });
    inFlight += 1;
    try {
      reply({ ok: true, value: await work() });
    } catch (error) {
      const code = typeof error === "object" && error !== null && "code" in error ? text(error.code) : "";
      reply({ ok: false, message: error instanceof Error ? error.message : String(error), code });
    } finally {
      inFlight -= 1;
    }
  }

  function setHeight(height: unknown): void {
    if (typeof height === "number" && Number.isFinite(height)) frame.style.height = `${Math.min(Math.max(height, 0), maxHeightPx)}px`;
  }

  const handlers: Record<FromFrame["type"], (message: Untrusted) => void> = {
    ready(message) {
      clearTimeout(timer);
      setHeight(message.height);
      frame.style.visibility = "visible";
      options.onReady?.();
    },
    failed: (message) => fail(text(message.message)),
    error: (message) => options.onError?.(text(message.message)),
    height: (message) => setHeight(message.height),
    call: (message) => void answer(message, () => call(message)),
    confirm: (message) =>
      void answer(message, async () => options.confirm?.({ message: text(message.message), verb: text(message.verb, 40) }) ?? false),
    route: (message) => options.onRoute?.(text(message.subPath).replace(/^\/+/, "")),
    navigate: (message) => options.onNavigate?.(text(message.path)),
    open(message) {
      options.onOpen?.(text(message.url, 8_000));
    },
    palette: () => options.onPalette?.(),
    notify: (message) => options.onNotify?.(text(message.message, 500), noticeKind(message.kind)),
  };

  function onMessage({ data }: MessageEvent): void {
    if (ended.signal.aborted || typeof data !== "object" || data === null) return;
    const { type } = data as Untrusted;
    if (typeof type === "string" && Object.hasOwn(handlers, type)) handlers[type as FromFrame["type"]](data as Untrusted);
  }

  frame.addEventListener("load", () => {
    if (ended.signal.aborted) return;
    if (port) return fail("The plugin has left its page.");
    const channel = new MessageChannel();
    port = channel.port1;
    port.onmessage = onMessage;
    const connect: Connect = {
      type: "portico-connect",
      nonce,
      area: options.area,
      tag: options.tag,
      entryUrl: new URL(options.entryUrl, location.href).href,
      integrity: options.integrity,
      entryType: options.entryType,
      props: options.props ?? {},
      theme: now.theme,
      subPath: now.subPath,
      locale: options.locale ?? document.documentElement.lang,
      title: options.title,
      context: options.context ?? {},
      defineTimeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    };
    // An opaque origin cannot be named; the nonce in the address makes sure that only our own page takes the port.
    frame.contentWindow?.postMessage(connect, "*", [channel.port2]);
  });

  function end(): void {
    clearTimeout(timer);
    ended.abort();
    port?.close();
    frame.remove();
  }

  frame.setAttribute("sandbox", "allow-scripts allow-forms allow-modals");
  frame.setAttribute("referrerpolicy", "no-referrer");
  frame.title = options.title;
  frame.src = `${options.frameUrl}#${nonce}`;
  Object.assign(frame.style, {
    display: "block",
    width: "100%",
    height: "0",
    minHeight: `max(${minHeightPx}px, calc(100dvh - ${Math.ceil(roomAbove(container))}px))`,
    border: "0",
    visibility: "hidden",
    background: "transparent",
  });
  frame.style.colorScheme = now.theme.scheme;
  container.append(frame);

  return {
    end,
    send,
    setScheme: (scheme: string) => {
      frame.style.colorScheme = scheme;
    },
  };
}

/**
 * Shows an element of a plugin in a sandboxed frame inside `container`, which it fills in width and grows in height. Nothing is thrown:
 * faults are reported through `onFail`. Call `destroy()` when the container goes away.
 */
export function mountSandboxed(container: HTMLElement, options: MountOptions): MountedFrame {
  const now = { theme: options.theme, subPath: options.subPath ?? "" };
  let current = startFrame(container, options, now);
  return {
    setTheme(theme) {
      now.theme = theme;
      current.setScheme(theme.scheme);
      current.send({ type: "theme", theme });
    },
    setSubPath(subPath) {
      if (subPath === now.subPath) return;
      now.subPath = subPath;
      current.send({ type: "route", subPath });
    },
    retry() {
      current.end();
      current = startFrame(container, options, now);
    },
    destroy: () => current.end(),
  };
}
