import { type ClientOptions, credentials, Metadata } from "@grpc/grpc-js";
import { GRPCControllerClient } from "@portico/protocol/goplugin";
import { PluginServiceClient } from "@portico/protocol/plugin";
import { type Broker, createBroker } from "./broker.ts";
import { createHotClient, type HotClient } from "./hot-client.ts";
import type { LogRing } from "./logs.ts";
import type { PluginProcess } from "./spawn.ts";
import { readStdio } from "./stdio.ts";
import type { GrpcService } from "./types.ts";

/** Everything the host holds open to one process. */
export type Connection = {
  readonly client: HotClient;
  readonly broker: Broker;
  readonly streams: PluginServiceClient;
  /** Asks the plugin's runtime to end the process; settles when it has answered or the time is over. */
  endProcess(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
};

export async function connectPlugin({
  process,
  name,
  services,
  announceEveryMs,
  ring,
}: {
  process: PluginProcess;
  name: string;
  services: GrpcService[];
  announceEveryMs: number;
  ring: LogRing;
}): Promise<Connection> {
  const { address } = process;
  const target =
    address.network === "unix" ? `unix:${address.path}` : `dns:${address.host === "::1" ? "[::1]" : address.host}:${address.port}`;
  const options: ClientOptions = {
    "grpc.default_authority": "localhost",
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    // A shared subchannel would hand one process the connection of another that had the same address before.
    "grpc.use_local_subchannel_pool": 1,
    // A proxy of the host's environment is for the world outside.
    "grpc.enable_http_proxy": 0,
  };
  const streams = new PluginServiceClient(target, credentials.createInsecure(), options);
  const shared = { target, options: { ...options, channelOverride: streams.getChannel() } };
  const broker = await createBroker({ process, services, announceEveryMs, ...shared }).catch((error) => {
    streams.close();
    throw error;
  });
  const stdio = readStdio({ ...shared, ring });
  const controller = new GRPCControllerClient(target, credentials.createInsecure(), shared.options);
  const client = createHotClient({ address, name });
  return {
    client,
    broker,
    streams,
    endProcess: (timeoutMs) =>
      new Promise<void>((resolve) => {
        // go-plugin ends its server from inside this call, so an error is as good an answer as any.
        controller.shutdown({}, new Metadata(), { deadline: Date.now() + timeoutMs }, () => resolve());
      }).catch(() => {}),
    async close() {
      stdio.close();
      client.close();
      streams.close();
      await broker.close();
    },
  };
}
