/** One page of a list. */
export type Page<T> = { items: T[]; total: number; number: number; size: number };

/** What a list was asked for. `sort` is a column of the list's allow-list. */
export type ListQuery = {
  number: number;
  size: number;
  offset: number;
  q: string;
  sort: { column: string; descending: boolean };
  /** All of it is wanted, not one page. */
  isWhole?: boolean;
};

export const maxPageSize = 1000;

export const pageOf = <T>(list: ListQuery, items: T[], total: number): Page<T> => ({ items, total, number: list.number, size: list.size });

/** The page that was asked for, or everything as one page. */
export async function pageOrWhole<T>(list: ListQuery, read: (list: ListQuery) => Promise<Page<T>>): Promise<Page<T>> {
  if (!list.isWhole) return read(list);
  const items = await allPages((page) => read({ ...page, q: list.q, sort: list.sort }));
  return { items, total: items.length, number: 1, size: Math.max(items.length, 1) };
}

/** Every item of a list, for answers that have no pages. */
export async function allPages<T>(read: (list: ListQuery) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  for (let number = 1; ; number++) {
    const offset = (number - 1) * maxPageSize;
    const page = await read({ number, size: maxPageSize, offset, q: "", sort: { column: "id", descending: false } });
    items.push(...page.items);
    if (page.items.length < maxPageSize) return items;
  }
}
