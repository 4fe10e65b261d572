import type { Logger } from "@portico/core/logger";
import { isUnimplemented, type RunningPlugin } from "@portico/plugin-host";
import { endpointFinder, faultOfEndpoint } from "@portico/protocol/endpoint-paths";
import type { EndpointRegistration } from "@portico/protocol/plugin";

export type FindEndpoint = (method: string, path: string) => EndpointRegistration | undefined;

/** What running plugins serve below their paths. */
export type EndpointRegistry = {
  /** Asks the process once, when it is first needed. @throws AppError when the plugin does not answer; the next request asks again. */
  of(plugin: RunningPlugin): Promise<FindEndpoint>;
};

const registrationTimeoutMs = 10_000;
const mostEndpoints = 1_000;

export function createEndpointRegistry({ logger }: { logger: Logger }): EndpointRegistry {
  // By process: a reloaded plugin may serve something else.
  const known = new WeakMap<RunningPlugin, Promise<FindEndpoint>>();

  async function registrationsOf(plugin: RunningPlugin): Promise<EndpointRegistration[]> {
    try {
      return (await plugin.call("getEndpointRegistrations", {}, { timeoutMs: registrationTimeoutMs })).registrations;
    } catch (error) {
      if (isUnimplemented(error)) return [];
      throw error;
    }
  }

  async function ask(plugin: RunningPlugin): Promise<FindEndpoint> {
    const { name } = plugin.spec;
    const registrations = await registrationsOf(plugin);
    if (registrations.length > mostEndpoints)
      logger.warn("a plugin registers too many endpoints; the rest are not served", { plugin: name, served: mostEndpoints });
    return endpointFinder(
      registrations.slice(0, mostEndpoints).filter((registration) => {
        const reason = faultOfEndpoint(registration);
        if (reason) logger.warn("an endpoint of a plugin is not served", { plugin: name, path: registration.path.slice(0, 200), reason });
        return reason === "";
      }),
    );
  }

  return {
    of(plugin) {
      let endpoints = known.get(plugin);
      if (!endpoints) {
        endpoints = ask(plugin);
        known.set(plugin, endpoints);
        endpoints.catch(() => known.delete(plugin));
      }
      return endpoints;
    },
  };
}
