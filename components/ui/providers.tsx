"use client";

import { type MantineColorScheme, MantineProvider } from "@mantine/core";
import { ModalsProvider } from "@mantine/modals";
import { Notifications } from "@mantine/notifications";
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { ApiError, get } from "../api/http.ts";
import { pathOf } from "../api/query.ts";
import { signInAgain } from "../auth/sign-in-again.tsx";
import { hasUnsavedChanges } from "../form/unsaved.ts";
import { cookieSchemeManager } from "./scheme.ts";
import { cssVariablesResolver, theme } from "./theme.ts";

// A session that ended while the page was open: sign in again and come back to the same address, or stay where something is unsaved.
const leaveWhenSignedOut = (error: unknown) => {
  if (!(error instanceof ApiError) || error.status !== 401 || location.pathname === "/login") return;
  if (hasUnsavedChanges()) return signInAgain();
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
};

const createClient = () =>
  new QueryClient({
    queryCache: new QueryCache({ onError: leaveWhenSignedOut }),
    mutationCache: new MutationCache({ onError: leaveWhenSignedOut }),
    defaultOptions: {
      queries: {
        queryFn: ({ queryKey, signal }) => get(pathOf(queryKey), signal),
        staleTime: 15_000,
        // A refusal stays a refusal; only a server that did not manage is asked again.
        retry: (count, error) => count < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500),
      },
    },
  });

/** Everything the pages assume around them: look, query cache, dialogs, notices. */
export function Providers({ nonce, scheme, children }: { nonce: string | undefined; scheme: MantineColorScheme; children: ReactNode }) {
  const [client] = useState(createClient);
  const [schemeManager] = useState(cookieSchemeManager);
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariablesResolver}
      colorSchemeManager={schemeManager}
      defaultColorScheme={scheme}
      getStyleNonce={() => nonce ?? ""}
    >
      <QueryClientProvider client={client}>
        <ModalsProvider>
          <Notifications position="bottom-right" autoClose={5000} limit={4} />
          {children}
        </ModalsProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
