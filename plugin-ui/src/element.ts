import { type CSSResultGroup, LitElement, type PropertyDeclarations } from "lit";
import { RpcTask } from "./rpc-task.ts";
import { base } from "./tokens.ts";

/** What the page gives to a mounted element. It rejects with an Error that holds the plugin's message. */
export type PluginApi = { call(method: string, payload?: object): Promise<unknown> };

/** Methods of a plugin by name, as `RpcOf<typeof plugin>` of the SDK gives them. */
export type Methods = Record<string, { args: object; result: unknown }>;
/** The arguments of a call; none need be given where none are required. */
type Args<M extends Methods, K extends keyof M> = Partial<M[K]["args"]> extends M[K]["args"] ? [args?: M[K]["args"]] : [args: M[K]["args"]];
type ArgsFactory<M extends Methods, K extends keyof M> =
  Partial<M[K]["args"]> extends M[K]["args"] ? [args?: () => M[K]["args"]] : [args: () => M[K]["args"]];
/** A call whose method, arguments and result are checked at compile time. */
export type TypedCall<M extends Methods> = <K extends keyof M & string>(method: K, ...args: Args<M, K>) => Promise<M[K]["result"]>;
/** The same for a call that belongs to the element. */
export type TypedTask<M extends Methods> = <K extends keyof M & string>(method: K, ...args: ArgsFactory<M, K>) => RpcTask<M[K]["result"]>;

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

  /**
   * Calls a method of the plugin. With the plugin's types method, arguments and result are checked:
   * `await this.call<Rpc>()("count")`, where `import type { Rpc } from "../plugin.ts"`.
   */
  call<M extends Methods>(): TypedCall<M>;
  call<T = unknown>(method: string, args?: object): Promise<T>;
  call(method?: string, args: object = {}): unknown {
    if (method === undefined) return (name: string, given: object = {}) => this.#call(name, given);
    return this.#call(method, args);
  }

  async #call(method: string, args: object): Promise<unknown> {
    return (await this.#api()).call(method, args);
  }

  /**
   * A call that is made when the element renders and again whenever `args` change:
   * `#rows = this.rpc<Rpc>()("list", () => ({ page: this.page }))`.
   */
  rpc<M extends Methods>(): TypedTask<M>;
  rpc<T>(method: string, args?: () => object): RpcTask<T>;
  rpc(method?: string, args: () => object = () => ({})): unknown {
    if (method === undefined) return (name: string, given: () => object = () => ({})) => new RpcTask(this, name, given);
    return new RpcTask(this, method, args);
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
