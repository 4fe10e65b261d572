import { resourceOfKind } from "@portico/protocol/kinds";
import { endpoint } from "../http/endpoint.ts";
import { ownResponse } from "../http/whole.ts";
import type { EventBus } from "./bus.ts";
import { watchRights } from "./rights.ts";

const heartbeatMs = 20_000;

/** Server-sent events that tell an open page what to fetch again. They carry names and ids only. */
export const eventEndpoints = ({ events, closing }: { events: EventBus; closing: AbortSignal }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/events",
    summary: "Stream changes as server-sent events: `changed` with {type,id,action}",
    permission: "llms.read",
    handle({ actor, signal, isStillAllowed }) {
      const encoder = new TextEncoder();
      let stop = () => {};
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          const send = (text: string) => {
            // A reader that does not read is let go instead of being buffered for.
            if ((controller.desiredSize ?? 0) < -256) return stop();
            controller.enqueue(encoder.encode(text));
          };
          const watch = watchRights({ actor, isStillAllowed, onLost: () => stop() });
          const unsubscribe = events.subscribe(({ eventId, topic, objectId }) => {
            const [, kind = "", action = ""] = topic.split(".");
            watch.notice(kind, objectId);
            // Sessions are nobody else's business.
            if (kind === "session") return;
            send(`id: ${eventId}\nevent: changed\ndata: ${JSON.stringify({ type: resourceOfKind(kind), id: objectId, action })}\n\n`);
          }, watch.recheck);
          const beat = setInterval(() => {
            send(": still here\n\n");
            // Should the event that says so have been missed.
            watch.recheck();
          }, heartbeatMs);
          stop = () => {
            clearInterval(beat);
            watch.close();
            unsubscribe();
            signal.removeEventListener("abort", stop);
            closing.removeEventListener("abort", stop);
            try {
              controller.close();
            } catch {
              // already closed by the reader
            }
          };
          signal.addEventListener("abort", stop);
          closing.addEventListener("abort", stop);
          send("retry: 2000\n\n");
        },
        cancel: () => stop(),
      });
      return ownResponse(body, {
        headers: { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" },
      });
    },
  }),
];
