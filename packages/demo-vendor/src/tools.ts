import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { sendJson } from "./wire.ts";

type Ticket = { id: number; title: string; status: "open" | "closed"; priority: "low" | "high"; labels: string[] };

const maxTickets = 200;
const days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const skies = ["sunny", "cloudy", "rain", "wind"];

type Asked = { method: string; path: string; query: URLSearchParams; hasKey: boolean; body: Record<string, unknown> };
type Said = [status: number, body: unknown];

const missing = (what: string): Said => [404, { error: `There is no ${what}.` }];

/** Two small APIs for tools: a ticket desk that remembers until it stops, and a weather report that is the same for the same city. */
export function createDemoTools() {
  const tickets: Ticket[] = [
    { id: 1, title: "Printer on fire", status: "open", priority: "high", labels: ["office"] },
    { id: 2, title: "Replace the coffee machine", status: "open", priority: "low", labels: ["office", "kitchen"] },
    { id: 3, title: "VPN drops every hour", status: "closed", priority: "high", labels: ["network"] },
  ];

  function ticketDesk({ method, path, query, hasKey, body }: Asked): Said {
    if (!hasKey) return [401, { error: "Send a key in X-Api-Key." }];
    if (path === "/tickets" && method === "GET") {
      const [status, labels] = [query.get("status"), query.getAll("label")];
      return [200, tickets.filter((one) => (!status || one.status === status) && labels.every((label) => one.labels.includes(label)))];
    }
    if (path === "/tickets" && method === "POST") {
      if (typeof body.title !== "string" || body.title.trim() === "") return [400, { error: "title must be text." }];
      if (tickets.length >= maxTickets) tickets.splice(3, 1);
      const labels = Array.isArray(body.labels) ? body.labels.map(String).slice(0, 10) : [];
      const priority = body.priority === "high" ? "high" : "low";
      const ticket: Ticket = {
        id: Math.max(...tickets.map(({ id }) => id)) + 1,
        title: body.title.slice(0, 200),
        status: "open",
        priority,
        labels,
      };
      tickets.push(ticket);
      return [201, ticket];
    }
    const [, id, verb] = /^\/tickets\/(\d+)(\/close)?$/.exec(path) ?? [];
    const ticket = tickets.find((one) => String(one.id) === id);
    if (!ticket) return missing(id === undefined ? `${method} ${path}` : `ticket ${id}`);
    if (verb && method === "POST") {
      ticket.status = "closed";
      return [200, ticket];
    }
    return !verb && method === "GET" ? [200, ticket] : [405, { error: `${method} is not allowed here.` }];
  }

  function weather({ method, path, query }: Asked): Said {
    if (path !== "/forecast" || method !== "GET") return missing(`${method} ${path}`);
    const city = query.get("city")?.trim() ?? "";
    if (city === "") return [400, { error: "city is required." }];
    const count = Math.min(7, Math.max(1, Number(query.get("days")) || 3));
    const bytes = createHash("sha256").update(city.toLowerCase()).digest();
    const forecast = days
      .slice(0, count)
      .map((day, at) => ({ day, sky: skies[(bytes[at] ?? 0) % skies.length], high_c: 8 + ((bytes[at + 8] ?? 0) % 20) }));
    return [200, { city, forecast }];
  }

  return {
    /** Answers what is under /tools/; false for any other path. */
    async answer(req: IncomingMessage, res: ServerResponse, readBody: () => Promise<Record<string, unknown> | string>): Promise<boolean> {
      const url = new URL(req.url ?? "/", "http://demo");
      const [, api, path = "/"] = /^\/tools\/(tickets|weather)(\/.*)?$/.exec(url.pathname) ?? [];
      if (api === undefined) return false;
      const method = req.method ?? "GET";
      const body = method === "POST" ? await readBody() : {};
      const asked = {
        method,
        path,
        query: url.searchParams,
        hasKey: Boolean(req.headers["x-api-key"]),
        body: typeof body === "string" ? {} : body,
      };
      sendJson(res, ...(api === "tickets" ? ticketDesk(asked) : weather(asked)));
      return true;
    },
  };
}
