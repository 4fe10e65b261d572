/**
 * Runs inside the sandboxed frame of a plugin's element, in front of the plugin's own script. The frame has no origin, cookies or network:
 * all it has is the port that the dashboard hands over once. components/plugins/frame-host.ts is the other end.
 */
import { createPluginApi, type Transport } from "./api.ts";
import { guardDialogs } from "./dialogs.ts";
import { setUp } from "./element.ts";
import { followLink } from "./links.ts";
import type { Connect, FromFrame, Theme, ToFrame } from "./messages.ts";

guardDialogs(window);

const nonce = location.hash.slice(1);
const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
const state: { theme: Theme; subPath: string } = { theme: { scheme: "light", variables: {} }, subPath: "" };
let port: MessagePort | undefined;
let element: HTMLElement | undefined;
let nextId = 1;

const post = (message: FromFrame) => port?.postMessage(message);
const sentence = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown));
const announce = (name: string, detail: unknown) => element?.dispatchEvent(new CustomEvent(name, { detail }));

/** Sends a message under a new id and waits for the answer to it. */
function request<T>(messageOf: (id: number) => FromFrame): Promise<T> {
  return new Promise((resolve, reject) => {
    const id = nextId++;
    waiting.set(id, { resolve: (value) => resolve(value as T), reject });
    try {
      post(messageOf(id));
    } catch (thrown) {
      waiting.delete(id);
      reject(thrown);
    }
  });
}

const transport: Transport = {
  call: (body) => request((id) => ({ type: "call", id, ...body })),
  confirm: (body) => request((id) => ({ type: "confirm", id, ...body })),
  route: (body) => post({ type: "route", ...body }),
  notify: (body) => post({ type: "notify", ...body }),
};

function applyTheme(next: Theme): void {
  const root = document.documentElement;
  for (const name of Object.keys(state.theme.variables)) root.style.removeProperty(name);
  state.theme = Object.freeze({ scheme: next.scheme, variables: Object.freeze({ ...next.variables }) });
  for (const [name, value] of Object.entries(state.theme.variables)) if (name.startsWith("--")) root.style.setProperty(name, value);
  root.style.colorScheme = next.scheme;
  root.dataset.theme = next.scheme;
  root.dataset.mantineColorScheme = next.scheme;
}

function load({ entryUrl, entryType, integrity }: Connect): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = entryUrl;
    if (entryType === "module") script.type = "module";
    script.crossOrigin = "anonymous";
    script.integrity = integrity;
    script.onload = () => resolve();
    script.onerror = () => reject(new Error("The script of this page could not be loaded."));
    document.head.append(script);
  });
}

const late = (ms: number, message: string): Promise<never> => new Promise((_, reject) => setTimeout(() => reject(new Error(message)), ms));

async function mount(init: Connect): Promise<void> {
  applyTheme(init.theme);
  state.subPath = init.subPath;
  document.documentElement.lang = init.locale;
  document.title = init.title;
  await load(init);
  const missing = late(init.defineTimeoutMs, `The script did not define the element <${init.tag}>.`);
  await Promise.race([customElements.whenDefined(init.tag), missing]);
  const created = document.createElement(init.tag);
  const api = createPluginApi({ transport, state, area: init.area, locale: init.locale, context: init.context });
  setUp(created, { api, area: init.area, props: init.props, subPath: state.subPath });
  element = created;
  const place = document.getElementById("mount");
  if (!place) throw new Error("The frame of this page is not complete.");
  const height = () => Math.ceil(place.getBoundingClientRect().height);
  place.append(created);
  new ResizeObserver(() => post({ type: "height", height: height() })).observe(place);
  post({ type: "ready", height: height() });
}

function onHostMessage({ data }: MessageEvent<ToFrame>): void {
  if (data.type === "answer") {
    const caller = waiting.get(data.id);
    waiting.delete(data.id);
    if (!caller) return;
    if (data.ok) caller.resolve(data.value);
    else caller.reject(Object.assign(new Error(data.message), { code: data.code }));
  } else if (data.type === "theme") {
    applyTheme(data.theme);
    announce("portico-theme", state.theme);
  } else if (data.type === "route") {
    state.subPath = data.subPath;
    element?.setAttribute("data-sub-path", data.subPath);
    announce("portico-route", { subPath: data.subPath });
  }
}

addEventListener("message", (event) => {
  const init = event.data as Connect | undefined;
  if (port || event.source !== parent || nonce === "" || init?.type !== "portico-connect" || init.nonce !== nonce) return;
  port = event.ports[0];
  if (!port) return;
  port.onmessage = onHostMessage;
  mount(init).catch((thrown: unknown) => post({ type: "failed", message: sentence(thrown) }));
});

addEventListener("error", (event) => post({ type: "error", message: event.message || "A script of this page failed." }));
addEventListener("unhandledrejection", (event) => post({ type: "error", message: sentence(event.reason) }));

// The frame itself goes nowhere; links are the dashboard's to follow.
function follow(event: Event): void {
  const to = followLink(event);
  if (to?.kind === "route") post({ type: "route", subPath: to.subPath });
  else if (to?.kind === "page") post({ type: "navigate", path: to.path });
  else if (to?.kind === "away") post({ type: "open", url: to.url });
}
addEventListener("click", follow);
// A middle click would open a tab.
addEventListener("auxclick", follow);

// The dashboard's own shortcut works wherever the focus is.
addEventListener(
  "keydown",
  (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    post({ type: "palette" });
  },
  true,
);
