/** Text of an edge as Postgres can store it and a page can show it. */
export const printable = (text: string, max: number): string => text.replaceAll("\0", "").slice(0, max);
