import { type CSSResultGroup, LitElement, type PropertyDeclarations } from "lit";
import { RpcTask } from "./rpc-task.ts";
import { base } from "./tokens.ts";

/** What the page gives to a mounted element. It rejects with an Error that holds the plugin's message. */
export type PluginApi = { call(method: string, payload?: object): Promise<unknown> };

/** How long a call waits for the page to hand over its API, in milliseconds. */
const apiTimeoutMs = 10_000;

/**
 * The start of every plugin page: a lit element that knows method names and never an address. It works with
 * `pluginAPI` (admin) and `portalPluginAPI` (portal), given before or after it is connected.
 */
export class PorticoElement extends LitElement {
  static override styles: CSSResultGroup = base;
  static override properties: PropertyDeclarations = { pluginAPI: { attribute: false }, portalPluginAPI: { attribute: false } };
  declare pluginAPI: PluginApi | undefined;
  declare portalPluginAPI: PluginApi | undefined;
  readonly #waiting = new Set<(api: PluginApi) => void>();

  /** Calls a method of the plugin. */
  async call<T = unknown>(method: string, args: object = {}): Promise<T> {
    return (await (await this.#api()).call(method, args)) as T;
  }

  /**
   * A call that is made when the element renders and again whenever `args` change:
   * `#rows = this.rpc<Row[]>("list", () => ({ page: this.page }))`.
   */
  rpc<T>(method: string, args: () => object = () => ({})): RpcTask<T> {
    return new RpcTask<T>(this, method, args);
  }

  protected override updated(): void {
    const api = this.pluginAPI ?? this.portalPluginAPI;
    if (!api) return;
    for (const resolve of this.#waiting) resolve(api);
    this.#waiting.clear();
  }

  #api(): Promise<PluginApi> {
    const api = this.pluginAPI ?? this.portalPluginAPI;
    if (api) return Promise.resolve(api);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(done);
        reject(new Error("The page did not give this element its plugin API."));
      }, apiTimeoutMs);
      const done = (given: PluginApi) => {
        clearTimeout(timer);
        resolve(given);
      };
      this.#waiting.add(done);
    });
  }
}
