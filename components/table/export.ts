import { get } from "../api/http.ts";
import type { List, Resource } from "../api/types.ts";
import type { Column } from "./column.ts";
import { type ListQuery, listPath } from "./list-query.ts";

const pageSize = 100;

const quoted = (value: unknown): string => {
  const text = value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  // A leading = + - @ would be run as a formula by a spreadsheet.
  const safe = /^[=+@\t\r]|^-\D/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** Rows as RFC 4180 text, with the header and order of the columns given. */
export const csvOf = <A>(columns: Column<A>[], rows: Resource<A>[]): string =>
  [columns.map((column) => quoted(column.header)), ...rows.map((row) => columns.map((column) => quoted(column.value(row))))]
    .map((cells) => cells.join(","))
    .join("\r\n");

/** Every row that the address's search and filters select, not just the page in sight. */
export async function allRows<A>(query: ListQuery, params: URLSearchParams): Promise<Resource<A>[]> {
  const rows: Resource<A>[] = [];
  for (let page = 1; ; page++) {
    const asked = new URLSearchParams(params);
    asked.set("page", String(page));
    asked.set("size", String(pageSize));
    const list = await get<List<A>>(listPath(query, asked));
    rows.push(...list.data);
    if (page >= list.meta.total_pages) return rows;
  }
}

/** Hands a text to the browser as a file. */
export function download(name: string, type: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
