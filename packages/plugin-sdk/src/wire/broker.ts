import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { ConnInfo, GRPCBrokerServer } from "@portico/protocol/goplugin";

/** How long a dial waits for the host to announce a broker id, in milliseconds. */
export const connInfoTimeoutMs = 5_000;

/** A grpc-js target for an announced address, e.g. `unix:/tmp/plugin123`. */
const targetOf = (info: ConnInfo): string => (info.network === "unix" ? `unix:${info.address}` : info.address);

/** The plugin's half of go-plugin's broker: remembers which socket the host serves behind each id. */
export function createBroker() {
  const announced = new Map<number, string>();
  const waiting = new Map<number, Set<(target: string) => void>>();

  function announce(info: ConnInfo): void {
    // Knocks belong to multiplexed mode, which is never agreed to.
    if (info.knock || info.address === "") return;
    const target = targetOf(info);
    // Ids are small counters; a host that announces without end is not followed without end.
    if (!announced.has(info.serviceId) && announced.size >= 10_000) announced.delete(announced.keys().next().value as number);
    announced.set(info.serviceId, target);
    for (const wake of waiting.get(info.serviceId) ?? []) wake(target);
    waiting.delete(info.serviceId);
  }

  const service: GRPCBrokerServer = {
    startStream(stream: ServerDuplexStream<ConnInfo, ConnInfo>) {
      stream.on("data", announce);
      stream.on("error", () => {});
      stream.on("end", () => stream.end());
    },
  };

  return {
    service,
    /**
     * The address behind a broker id. Hosts drop an announcement after five seconds; remembering it for good lets a
     * plugin call back for the first time at any later moment.
     */
    resolve(id: number, timeoutMs = connInfoTimeoutMs): Promise<string> {
      const known = announced.get(id);
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve, reject) => {
        const wakers = waiting.get(id) ?? new Set();
        waiting.set(id, wakers);
        const timer = setTimeout(() => {
          wakers.delete(wake);
          reject(new Error(`The host did not announce its service API (broker id ${id}) within ${timeoutMs} ms.`));
        }, timeoutMs);
        timer.unref();
        const wake = (target: string) => {
          clearTimeout(timer);
          resolve(target);
        };
        wakers.add(wake);
      });
    },
  };
}
export type Broker = ReturnType<typeof createBroker>;
