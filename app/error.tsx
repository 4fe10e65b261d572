"use client";

import { PageError } from "../components/ui/page-error.tsx";

export default function RootError(props: { error: unknown; retry: () => void }) {
  return (
    <main style={{ maxWidth: 720, margin: "12vh auto 0", padding: 16 }}>
      <PageError {...props} />
    </main>
  );
}
