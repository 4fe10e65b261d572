/** A form on the page that holds something unsaved. */
export type Guard = {
  /** Its save is on its way, or the person agreed to leave it. */
  isPassing: boolean;
  /** Asks whether to leave, and then goes. */
  ask: (go: () => void) => void;
};

const guards = new Map<Guard, { pathname: string; position: number | undefined }>();

export const hasUnsavedChanges = (): boolean => [...guards.keys()].some((guard) => !guard.isPassing);

/** From now on the page has something to lose. @returns what ends that. */
export function holdPage(guard: Guard): () => void {
  guards.set(guard, { pathname: location.pathname, position: positionNow() });
  return () => guards.delete(guard);
}

export function letGo(): void {
  for (const guard of guards.keys()) guard.isPassing = true;
}

type HistoryPosition = { currentEntry: { index: number } | null };
const positionNow = (): number | undefined =>
  "navigation" in window ? (window.navigation as HistoryPosition).currentEntry?.index : undefined;

let isReturning = false;

/**
 * Back and Forward have already happened when the page is notified. They are undone before the router sees them, and repeated when the
 * person agrees.
 */
function onMoved(event: PopStateEvent): void {
  if (isReturning) {
    isReturning = false;
    event.stopImmediatePropagation();
    return;
  }
  const held = [...guards].find(([guard, { pathname }]) => !guard.isPassing && pathname !== location.pathname);
  if (!held) return;
  event.stopImmediatePropagation();
  const [{ ask }, { position }] = held;
  const now = positionNow();
  const by = position === undefined || now === undefined || now === position ? -1 : now - position;
  isReturning = true;
  history.go(-by);
  ask(() => history.go(by));
}

// Listeners of the window are called in the order in which they came. The root layout loads this before the router adds its own.
if (typeof window !== "undefined") window.addEventListener("popstate", onMoved);
