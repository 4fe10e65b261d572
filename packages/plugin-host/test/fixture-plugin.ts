#!/usr/bin/env node
/**
 * A plugin written straight on the wire, without any SDK, that can be told to misbehave: `Call` names what to do next.
 */
import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import {
  credentials,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  status,
} from "@grpc/grpc-js";
import { ConfigProviderServiceService } from "@portico/protocol/config-provider";
import { MicrogatewayManagementServiceClient } from "@portico/protocol/gateway-management";
import { type ConnInfo, GRPCBrokerService, GRPCControllerService, GRPCStdioService, StdioData_Channel } from "@portico/protocol/goplugin";
import {
  type AgentMessageChunk,
  type AgentMessageRequest,
  type CallRequest,
  type CallResponse,
  OpenSessionResponse_CloseReason as CloseReason,
  PluginServiceService,
} from "@portico/protocol/plugin";

if (process.env.AI_STUDIO_PLUGIN !== "v1") {
  process.stderr.write("This binary is a plugin; it is not meant to be executed directly.\n");
  process.exit(1);
}

let config: Record<string, string> = {};
let sessions = 0;
let announced = 0;
/** Resolves with the first announcement, which may come after a call that needs it. */
const host = Promise.withResolvers<ConnInfo>();
let kv: MicrogatewayManagementServiceClient | undefined;
let closeSession = () => {};
const stdio = Promise.withResolvers<{ write(data: object): void }>();

/** The host's services, connected once: a second connection would need a second announcement. */
async function services(): Promise<MicrogatewayManagementServiceClient> {
  const { address } = await host.promise;
  kv ??= new MicrogatewayManagementServiceClient(`unix:${address}`, credentials.createInsecure(), {
    "grpc.default_authority": "localhost",
  });
  return kv;
}

const pluginId = () => ({ pluginId: 999_999, methodScope: "" });

const deeds: Record<string, (payload: string) => string | Promise<string>> = {
  echo: (payload) => payload,
  config: () => JSON.stringify(config),
  env: () => JSON.stringify(process.env),
  sessions: () => JSON.stringify({ sessions, announced }),
  crash: () => process.exit(3),
  hang: () => new Promise(() => {}),
  slow: (payload) => new Promise((resolve) => setTimeout(() => resolve("late"), Number(payload))),
  spin: () => {
    for (;;);
  },
  sh: (command) => execFileSync("/bin/sh", ["-c", command], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
  big: (bytes) => "x".repeat(Number(bytes)),
  child: (command) =>
    new Promise((resolve, reject) => {
      const [file = "", ...args] = command.split(" ");
      const child = spawn(file, args, { stdio: "ignore" });
      child.once("spawn", () => resolve(""));
      child.once("error", reject);
    }),
  flood: () => {
    const line = `${"x".repeat(60)}\n`.repeat(500);
    const more = () => process.stdout.write(line, () => setImmediate(more));
    more();
    return "flooding";
  },
  log: async (payload) => {
    process.stderr.write(payload);
    (await stdio.promise).write({ channel: StdioData_Channel.STDOUT, data: Buffer.from("over the stdio service\n") });
    return "";
  },
  write: async (payload) => {
    const [key = "", value = ""] = payload.split("=");
    const client = await services();
    return new Promise((resolve, reject) => {
      client.writePluginKv({ context: pluginId(), key, value: Buffer.from(value), expireAt: undefined }, (error, answer) =>
        error ? reject(error) : resolve(String(answer.created)),
      );
    });
  },
  read: async (key) => {
    const client = await services();
    return new Promise((resolve, reject) => {
      client.readPluginKv({ context: pluginId(), key }, (error, answer) => (error ? reject(error) : resolve(answer.value.toString())));
    });
  },
};

const call: handleUnaryCall<CallRequest, CallResponse> = async ({ request }, answer) => {
  const deed = deeds[request.method];
  if (!deed) return answer({ code: status.NOT_FOUND, details: `no method "${request.method}" – 100 % sure` });
  try {
    answer(null, { success: true, data: await deed(request.payload), errorMessage: "" });
  } catch (error) {
    answer(null, { success: false, data: "", errorMessage: String(error) });
  }
};

/** Answers `3 100` with three chunks, one every 100 ms, and never ends after `hang`. */
const handleAgentMessage: handleServerStreamingCall<AgentMessageRequest, AgentMessageChunk> = (stream) => {
  const [count = "", everyMs = ""] = stream.request.userMessage.split(" ");
  const chunk = (content: string) => ({ type: 0 as const, content, metadataJson: "", isFinal: false });
  if (count === "hang") return void stream.write(chunk("first"));
  if (count === "fail") return void stream.emit("error", { code: status.FAILED_PRECONDITION, details: "not today" });
  let sent = 0;
  const timer = setInterval(() => {
    sent += 1;
    stream.write(chunk(String(sent)));
    if (sent < Number(count)) return;
    clearInterval(timer);
    stream.end();
  }, Number(everyMs));
};

const description = {
  getConfigSchema: (_: unknown, answer: (e: null, r: object) => void) =>
    answer(null, { success: true, schemaJson: '{"type":"object"}', errorMessage: "" }),
  getManifest: (_: unknown, answer: (e: null, r: object) => void) =>
    answer(null, {
      success: true,
      manifestJson: process.env.TEST_PLUGIN_MANIFEST ?? JSON.stringify({ id: "test.fixture", initialized: Object.keys(config).length > 0 }),
      errorMessage: "",
    }),
};
const server = new Server({ "grpc.max_receive_message_length": -1 });
server.addService(PluginServiceService, {
  ...description,
  call,
  handleAgentMessage,
  initialize: ({ request }: { request: { config: Record<string, string> } }, answer: (e: null, r: object) => void) => {
    config = request.config;
    const refuse = config.refuse ?? "";
    answer(null, { success: refuse === "", errorMessage: refuse });
    if (config.crashAfterMs) setTimeout(() => process.exit(4), Number(config.crashAfterMs));
  },
  ping: (_: unknown, answer: (e: null, r: object) => void) => answer(null, { timestamp: 1, healthy: true }),
  openSession: ({ request }: { request: { timeoutMs: number } }, answer: (e: null, r: object) => void) => {
    sessions += 1;
    const end = (closeReason: number) => {
      clearTimeout(timer);
      answer(null, { success: true, errorMessage: "", sessionId: `session-${sessions}`, closeReason });
    };
    const timer = setTimeout(() => end(CloseReason.TIMEOUT), request.timeoutMs);
    closeSession = () => end(CloseReason.EXPLICIT_CLOSE);
  },
  closeSession: (_: unknown, answer: (e: null, r: object) => void) => {
    process.stderr.write("[INFO] session closed\n");
    closeSession();
    answer(null, { success: true, errorMessage: "" });
  },
  shutdown: (_: unknown, answer: (e: null, r: object) => void) => {
    process.stderr.write("[INFO] shutting down\n");
    answer(null, { success: true });
  },
});
if (!process.env.FIXTURE_WITHOUT_CONFIG_SERVICE)
  server.addService(ConfigProviderServiceService, {
    ping: (_: unknown, answer: (e: null, r: object) => void) => answer(null, { timestamp: 1, healthy: true }),
    ...description,
  });
server.addService(GRPCBrokerService, {
  startStream: (stream: NodeJS.EventEmitter) =>
    void stream.on("data", (info: ConnInfo) => {
      announced += 1;
      host.resolve(info);
    }),
});
server.addService(GRPCStdioService, {
  streamStdio: (stream: { write(data: object): void; sendMetadata(metadata: Metadata): void }) => {
    stream.sendMetadata(new Metadata());
    stdio.resolve(stream);
  },
});
server.addService(GRPCControllerService, {
  shutdown: (_: unknown, answer: (e: null, r: object) => void) => {
    answer(null, {});
    setTimeout(() => process.exit(0), 10);
  },
});

const path = join(process.env.PLUGIN_UNIX_SOCKET_DIR ?? "", `plugin${process.pid}`);
server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  process.stdout.write(`1|1|unix|${path}|grpc|${process.env.FIXTURE_CLAIMS_TOKEN ? "|false|token" : ""}\n`);
});
