/** Runs `work` with a signal of its own that follows `signal`, so that listeners the work leaves behind do not pile up on a long-lived one. */
export async function withLinkedSignal<T>(signal: AbortSignal, work: (own: AbortSignal) => Promise<T>): Promise<T> {
  const own = new AbortController();
  const follow = () => own.abort();
  if (signal.aborted) follow();
  signal.addEventListener("abort", follow, { once: true });
  try {
    return await work(own.signal);
  } finally {
    signal.removeEventListener("abort", follow);
  }
}
