import { type ClientOptions, credentials } from "@grpc/grpc-js";
import { GRPCStdioClient, type StdioData, StdioData_Channel } from "@portico/protocol/goplugin";
import { createLineSplitter, createStderrParser, drain, type LogRing } from "./logs.ts";

/**
 * Reads what the plugin wrote to stdout and stderr after its handshake. A go-plugin process sends both through this stream, and its
 * writes stall when nobody reads. A plugin without the service just has no such output.
 */
export function readStdio({ target, options, ring }: { target: string; options: ClientOptions; ring: LogRing }): { close(): void } {
  const client = new GRPCStdioClient(target, credentials.createInsecure(), options);
  const parse = createStderrParser();
  const stdout = createLineSplitter((text) => ring.add("stdout", "debug", text));
  const stderr = createLineSplitter((text) => {
    const line = parse(text);
    ring.add("stderr", line.level, line.text);
  });
  const stream = client.streamStdio({});
  drain<StdioData>(stream, ({ channel: from, data }) => {
    if (from === StdioData_Channel.STDOUT) stdout.write(data);
    else if (from === StdioData_Channel.STDERR) stderr.write(data);
    return data.length;
  });
  return { close: () => stream.cancel() };
}
