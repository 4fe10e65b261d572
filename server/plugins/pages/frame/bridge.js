/**
 * Runs inside the sandboxed frame of a plugin's element, in front of the plugin's own script. It has no origin, cookies or network: all it
 * has is the port that the dashboard hands over once. components/plugins/frame-host.ts is the other end.
 *
 * @typedef {{scheme: string, variables: Record<string, string>}} Theme
 * @typedef {{type: "portico-connect", nonce: string, area: "admin" | "portal", tag: string, entryUrl: string, integrity: string,
 *   entryType: "classic" | "module", props: Record<string, unknown>, theme: Theme, subPath: string, locale: string, title: string,
 *   context: Record<string, unknown>, defineTimeoutMs: number}} Connect
 */
(() => {
  const nonce = location.hash.slice(1);
  /** @type {MessagePort | undefined} */
  let port;
  /** @type {HTMLElement | undefined} */
  let element;
  /** @type {Theme} */
  let theme = { scheme: "light", variables: {} };
  let subPath = "";
  let nextCall = 1;
  /** @type {Map<number, {resolve: (value: unknown) => void, reject: (error: Error) => void}>} */
  const waiting = new Map();

  /** @param {Record<string, unknown>} message */
  const post = (message) => port?.postMessage(message);
  /** @param {unknown} thrown */
  const sentence = (thrown) => (thrown instanceof Error ? thrown.message : String(thrown));
  /** @param {string} name @param {unknown} detail */
  const tell = (name, detail) => element?.dispatchEvent(new CustomEvent(name, { detail }));

  /** @param {Theme} next */
  function applyTheme(next) {
    const root = document.documentElement;
    for (const name of Object.keys(theme.variables)) root.style.removeProperty(name);
    theme = Object.freeze({ scheme: next.scheme, variables: Object.freeze({ ...next.variables }) });
    for (const [name, value] of Object.entries(theme.variables)) if (name.startsWith("--")) root.style.setProperty(name, value);
    root.style.colorScheme = theme.scheme;
    root.dataset.theme = theme.scheme;
    root.dataset.mantineColorScheme = theme.scheme;
  }

  /** @param {string} method @param {unknown} payload */
  function call(method, payload) {
    return new Promise((resolve, reject) => {
      const id = nextCall++;
      waiting.set(id, { resolve, reject });
      try {
        post({ type: "call", id, method: String(method), payload: payload ?? {} });
      } catch (thrown) {
        waiting.delete(id);
        reject(thrown);
      }
    });
  }

  /** @param {Connect} init */
  function apiOf(init) {
    const context = () => Object.freeze({ ...init.context, area: init.area, locale: init.locale, subPath });
    return Object.freeze({
      call,
      /** @param {string} to */
      navigate: (to) => post({ type: "route", subPath: String(to) }),
      /** @param {string} message @param {string} [kind] */
      notify: (message, kind) => post({ type: "notify", message: String(message), kind: String(kind ?? "info") }),
      get theme() {
        return theme;
      },
      get context() {
        return context();
      },
    });
  }

  /** @param {Connect} init */
  function load(init) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = init.entryUrl;
      if (init.entryType === "module") script.type = "module";
      script.crossOrigin = "anonymous";
      script.integrity = init.integrity;
      script.onload = () => resolve(undefined);
      script.onerror = () => reject(new Error("The script of this page could not be loaded."));
      document.head.append(script);
    });
  }

  /** @param {Promise<unknown>} promise @param {number} ms @param {string} message */
  function within(promise, ms, message) {
    return Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error(message)), ms))]);
  }

  /** @param {Connect} init */
  async function mount(init) {
    applyTheme(init.theme);
    subPath = init.subPath;
    document.documentElement.lang = init.locale;
    document.title = init.title;
    await load(init);
    await within(customElements.whenDefined(init.tag), init.defineTimeoutMs, `The script did not define the element <${init.tag}>.`);
    const created = document.createElement(init.tag);
    // Before it is connected: an element may call from its first moment.
    Object.defineProperty(created, init.area === "portal" ? "portalPluginAPI" : "pluginAPI", { value: apiOf(init), enumerable: true });
    for (const [name, value] of Object.entries(init.props)) {
      const kebab = name
        .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
        .replace(/[\s_]+/g, "-")
        .toLowerCase();
      created.setAttribute(`data-${kebab}`, typeof value === "string" ? value : JSON.stringify(value));
    }
    created.setAttribute("data-sub-path", subPath);
    element = created;
    const place = /** @type {HTMLElement} */ (document.getElementById("mount"));
    place.append(created);
    new ResizeObserver(() => post({ type: "height", height: Math.ceil(place.getBoundingClientRect().height) })).observe(place);
    post({ type: "ready", height: Math.ceil(place.getBoundingClientRect().height) });
  }

  /** @param {MessageEvent} event */
  function onHostMessage({ data }) {
    if (data.type === "answer") {
      const caller = waiting.get(data.id);
      waiting.delete(data.id);
      if (!caller) return;
      if (data.ok) caller.resolve(data.value);
      else caller.reject(Object.assign(new Error(data.message), { code: data.code }));
    } else if (data.type === "theme") {
      applyTheme(data.theme);
      tell("portico-theme", theme);
    } else if (data.type === "route") {
      subPath = data.subPath;
      element?.setAttribute("data-sub-path", subPath);
      tell("portico-route", { subPath });
    }
  }

  addEventListener("message", (event) => {
    const init = event.data;
    if (port || event.source !== parent || nonce === "" || init?.type !== "portico-connect" || init.nonce !== nonce) return;
    port = event.ports[0];
    if (!port) return;
    port.onmessage = onHostMessage;
    mount(init).catch((thrown) => post({ type: "failed", message: sentence(thrown) }));
  });

  addEventListener("error", (event) => post({ type: "error", message: event.message || "A script of this page failed." }));
  addEventListener("unhandledrejection", (event) => post({ type: "error", message: sentence(event.reason) }));

  // The frame itself goes nowhere; links are the dashboard's to follow. Whatever this says, the dashboard decides where they may lead.
  /** @param {Event} event */
  function follow(event) {
    const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement || node instanceof HTMLAreaElement);
    const href = link?.getAttribute("href") ?? "";
    if (!link || href === "" || href.startsWith("#") || event.defaultPrevented) return;
    event.preventDefault();
    const to = URL.canParse(link.href) ? new URL(link.href) : undefined;
    if (!to) return;
    if (to.protocol !== location.protocol || to.host !== location.host) post({ type: "open", url: to.href });
    else if (/^\s*[/\\]|^\s*[a-z]+:/i.test(href)) post({ type: "navigate", path: to.pathname + to.search + to.hash });
    else post({ type: "route", subPath: href });
  }
  // After the element's own handlers have had their say. A middle click would open a tab.
  addEventListener("click", follow);
  addEventListener("auxclick", follow);
})();
