"use client";

// Stands in for the root layout itself, so nothing of ours can be relied on here.
export default function GlobalError({ retry }: { error: unknown; retry: () => void }) {
  return (
    <html lang="en">
      <body style={{ fontFamily: "system-ui, sans-serif", maxWidth: 560, margin: "15vh auto", padding: 16 }}>
        <h1>Portico could not be shown</h1>
        <p>Try again. If this stays, check the studio's log.</p>
        <button type="button" onClick={retry}>
          Try again
        </button>
      </body>
    </html>
  );
}
