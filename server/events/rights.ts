import type { Actor } from "../auth/actor.ts";

const retryMs = 500;
const longestTimerMs = 2 ** 31 - 1;

/** Looks again whether somebody may go on listening: when their account, session or token changes, and when it expires. */
export function watchRights({
  actor,
  isStillAllowed,
  onLost,
}: {
  actor: Actor;
  isStillAllowed: () => Promise<boolean>;
  onLost: () => void;
}) {
  let isClosed = false;
  let isLooking = false;
  let again = false;
  let expiry: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;

  /** One look at a time; what is asked for meanwhile is one more. */
  async function look(): Promise<void> {
    if (isClosed) return;
    if (isLooking) {
      again = true;
      return;
    }
    isLooking = true;
    try {
      do {
        again = false;
        if (!(await isStillAllowed()) && !isClosed) onLost();
      } while (again && !isClosed);
    } catch {
      // The database does not answer. Nothing changes there meanwhile, so the stream may stay until it does.
      clearTimeout(retry);
      if (!isClosed) retry = setTimeout(look, retryMs);
    } finally {
      isLooking = false;
    }
  }

  function awaitExpiry(): void {
    const at = actor.credential?.expiresAt?.getTime();
    if (at === undefined) return;
    expiry = setTimeout(() => (Date.now() >= at ? onLost() : awaitExpiry()), Math.min(Math.max(0, at - Date.now()), longestTimerMs));
  }
  awaitExpiry();

  return {
    recheck: (): void => void look(),
    notice(kind: string, objectId: string): void {
      const isOwn = (kind === "user" || kind === "session") && objectId === String(actor.userId);
      // A token may end with the one that made it.
      if (isOwn || (kind === "api_token" && actor.via === "token")) void look();
    },
    close(): void {
      isClosed = true;
      clearTimeout(expiry);
      clearTimeout(retry);
    },
  };
}
