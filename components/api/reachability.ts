// Whether the studio answers: known from every call of the page, and probed while it does not.
let isReachable = true;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

const askMs = 2_000;

function set(next: boolean): void {
  if (next === isReachable) return;
  isReachable = next;
  for (const listener of listeners) listener();
}

/** Probes the studio until it answers. */
export async function checkReachable(): Promise<void> {
  clearTimeout(timer);
  const isThere = await fetch("/health", { cache: "no-store", signal: AbortSignal.timeout(5_000) }).then(
    (response) => response.status < 500,
    () => false,
  );
  set(isThere);
  if (!isThere) timer = setTimeout(() => void checkReachable(), askMs);
}

/** An answer came, whatever it says. */
export const noteAnswer = (): void => set(true);

/** No answer came. */
export function noteSilence(): void {
  if (!isReachable) return;
  set(false);
  void checkReachable();
}

export const reachability = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  now: (): boolean => isReachable,
};
