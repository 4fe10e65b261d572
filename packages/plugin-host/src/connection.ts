import { Client, type ClientOptions, credentials, Metadata } from "@grpc/grpc-js";
import { GRPCControllerClient } from "@portico/protocol/goplugin";
import { type Broker, createBroker } from "./broker.ts";
import { createHotClient, type HotClient } from "./hot-client.ts";
import type { Launched } from "./launch/launcher.ts";
import type { LogRing } from "./logs.ts";
import { readStdio } from "./stdio.ts";
import type { GrpcService } from "./types.ts";

/** Of one message of a stream. */
const maxMessageBytes = 16 * 1024 * 1024;

/** Everything the host holds open to one process. */
export type Connection = {
  readonly client: HotClient;
  readonly broker: Broker;
  /** For server streams. */
  readonly channel: Client;
  /** Asks the plugin's runtime to end the process; settles when it has answered or the time is over. */
  endProcess(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
};

export async function connectPlugin({
  launched: { address, takesDirectCalls, callback },
  name,
  services,
  announceEveryMs,
  ring,
}: {
  launched: Pick<Launched, "address" | "takesDirectCalls" | "callback">;
  name: string;
  services: GrpcService[];
  announceEveryMs: number;
  ring: LogRing;
}): Promise<Connection> {
  const target =
    address.network === "unix" ? `unix:${address.path}` : `dns:${address.host === "::1" ? "[::1]" : address.host}:${address.port}`;
  const options: ClientOptions = {
    "grpc.default_authority": "localhost",
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": -1,
    // A shared subchannel would hand one process the connection of another that had the same address before.
    "grpc.use_local_subchannel_pool": 1,
    // A proxy of the host's environment is for the world outside.
    "grpc.enable_http_proxy": 0,
  };
  const channel = new Client(target, credentials.createInsecure(), options);
  const shared = { target, options: { ...options, channelOverride: channel.getChannel() } };
  const broker = await createBroker({ callback, services, announceEveryMs, ...shared }).catch((error) => {
    channel.close();
    throw error;
  });
  const stdio = readStdio({ ...shared, ring });
  const controller = new GRPCControllerClient(target, credentials.createInsecure(), shared.options);
  const client = createHotClient({ address, takesDirectCalls, name });
  return {
    client,
    broker,
    channel,
    endProcess: (timeoutMs) =>
      new Promise<void>((resolve) => {
        // go-plugin ends its server from inside this call, so an error is as good an answer as any.
        controller.shutdown({}, new Metadata(), { deadline: Date.now() + timeoutMs }, () => resolve());
      }).catch(() => {}),
    async close() {
      stdio.close();
      client.close();
      channel.close();
      await broker.close();
    },
  };
}
