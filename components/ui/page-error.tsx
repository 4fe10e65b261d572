"use client";

import { Failure } from "./notice.tsx";

/** What stands in place of a page that broke. */
export function PageError({ error, retry }: { error: unknown; retry: () => void }) {
  return <Failure what="This page" error={error} retry={retry} />;
}
