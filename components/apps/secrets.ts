import type { QueryClient } from "@tanstack/react-query";

const keyOf = (appId: string) => ["new-secret", appId];

/** Keeps a secret that was just made in this tab's memory, so that the app's page can show it once. */
export const rememberSecret = (client: QueryClient, appId: string, secret: string | undefined): void => {
  if (secret && secret !== "[redacted]") client.setQueryData(keyOf(appId), secret);
};

export const newSecretOf = (client: QueryClient, appId: string): string | null => client.getQueryData<string>(keyOf(appId)) ?? null;

/** Gone when the app's page is left. */
export const forgetSecret = (client: QueryClient, appId: string): void => client.removeQueries({ queryKey: keyOf(appId) });
