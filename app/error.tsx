"use client";

/** Of plain elements: it is part of every page, the sign-in page included, and what broke may be what the others are made of. */
export default function RootError({ retry }: { error: unknown; retry: () => void }) {
  return (
    <main style={{ maxWidth: 560, margin: "12vh auto 0", padding: 16, display: "grid", gap: 12, justifyItems: "start" }}>
      <h1>This page could not be shown</h1>
      <p className="quiet">The studio may be restarting. Try again in a moment.</p>
      <button type="button" className="plain-button" onClick={retry}>
        Try again
      </button>
    </main>
  );
}
