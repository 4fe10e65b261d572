import type { QueryClient } from "@tanstack/react-query";

const keyOf = (root: string, id: string) => ["new-secret", root, id];

/** Keeps a secret that was just made in this tab's memory, so that the page of what it belongs to can show it once. */
export const rememberSecret = (client: QueryClient, root: string, id: string, secret: string | undefined): void => {
  if (secret && secret !== "[redacted]") client.setQueryData(keyOf(root, id), secret);
};

export const newSecretOf = (client: QueryClient, root: string, id: string): string | null =>
  client.getQueryData<string>(keyOf(root, id)) ?? null;

/** Gone when that page is left. */
export const forgetSecret = (client: QueryClient, root: string, id: string): void => client.removeQueries({ queryKey: keyOf(root, id) });
