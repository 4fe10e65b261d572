import type { ReactiveController, ReactiveControllerHost } from "lit";

/** Where a call stands. A refresh keeps the state and value of the last answer and sets `isBusy`. */
export type RpcState = "pending" | "complete" | "error";

/** What to show in each state. */
export type RpcViews<T> = { pending?: () => unknown; complete?: (value: T) => unknown; error?: (error: unknown) => unknown };

type Host = ReactiveControllerHost & { call(method: string, args?: object): Promise<unknown> };

/**
 * A call of a plugin method that belongs to an element: made when the element first renders and again whenever its
 * arguments change. A late answer never replaces a newer one.
 */
export class RpcTask<T> implements ReactiveController {
  state: RpcState = "pending";
  /** The last answer, undefined before the first. */
  value: T | undefined;
  /** Why the last call failed, undefined when it did not. */
  error: unknown;
  /** True while a call is on its way. */
  isBusy = false;
  readonly #host: Host;
  readonly #method: string;
  readonly #args: () => object;
  #sent: string | undefined;
  #turn = 0;

  constructor(host: Host, method: string, args: () => object) {
    this.#host = host;
    this.#method = method;
    this.#args = args;
    host.addController(this);
  }

  hostUpdate(): void {
    const args = this.#args();
    const key = JSON.stringify(args);
    if (key === this.#sent) return;
    this.#sent = key;
    void this.#run(args);
  }

  /** Asks again with the present arguments; resolves when the answer is shown. */
  refresh(): Promise<void> {
    const args = this.#args();
    this.#sent = JSON.stringify(args);
    return this.#run(args);
  }

  async #run(args: object): Promise<void> {
    const turn = ++this.#turn;
    this.isBusy = true;
    this.#host.requestUpdate();
    try {
      const value = (await this.#host.call(this.#method, args)) as T;
      if (turn !== this.#turn) return;
      this.value = value;
      this.error = undefined;
      this.state = "complete";
    } catch (error) {
      if (turn !== this.#turn) return;
      this.error = error;
      this.state = "error";
    }
    this.isBusy = false;
    this.#host.requestUpdate();
  }

  /** The view of the present state; states without a view show nothing. */
  render(views: RpcViews<T>): unknown {
    if (this.state === "complete") return views.complete?.(this.value as T);
    if (this.state === "error") return views.error?.(this.error);
    return views.pending?.();
  }
}
