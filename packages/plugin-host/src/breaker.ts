/** Refuses the calls of one rpc for a while after many in a row were not answered. */
export type Breaker = {
  /** False while it is open. Once that is over, one call is let through to try. */
  admits(nowMs: number): boolean;
  /** The plugin answered, whatever it said. */
  answered(): void;
  /** The call ended without saying anything about the plugin. */
  inconclusive(): void;
  unanswered(nowMs: number): void;
};

export function createBreaker({ failures, openMs }: { failures: number; openMs: number }): Breaker {
  let inARow = 0;
  let openUntilMs = 0;
  let trying = false;
  return {
    admits(nowMs) {
      if (inARow < failures) return true;
      if (trying || nowMs < openUntilMs) return false;
      trying = true;
      return true;
    },
    answered() {
      inARow = 0;
      trying = false;
    },
    inconclusive() {
      trying = false;
    },
    unanswered(nowMs) {
      inARow += 1;
      trying = false;
      if (inARow >= failures) openUntilMs = nowMs + openMs;
    },
  };
}
