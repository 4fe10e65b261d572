const maxInARow = 3;
const chainMs = 5_000;
const forgetMs = 10_000;

/**
 * `alert`, `confirm`, `prompt` and `print` stop the whole dashboard until they are answered, so a plugin's frame may open them only for
 * somebody who has just clicked or pressed a key in it, and only a few in a row. Runs before any script of the plugin; nested frames
 * have another origin and give the originals back to nobody.
 */
export function guardDialogs(frame: Window & typeof globalThis): void {
  const closedAtMs: number[] = [];

  function admits(name: string): boolean {
    const nowMs = performance.now();
    while (closedAtMs[0] !== undefined && nowMs - closedAtMs[0] > forgetMs) closedAtMs.shift();
    const isAsked = frame.navigator.userActivation?.isActive === true;
    // A click's word runs out while its first dialog is open; what the dialog leads to may still be said.
    const follows = nowMs - (closedAtMs.at(-1) ?? Number.NEGATIVE_INFINITY) < chainMs;
    if ((isAsked || follows) && closedAtMs.length < maxInARow) return true;
    console.warn(`${name}() was not shown: a plugin's page opens dialogs only after a click or a key, and at most ${maxInARow} in a row.`);
    return false;
  }

  function guarded<Arguments extends unknown[], Result>(name: string, open: (...given: Arguments) => Result, refused: Result) {
    return (...given: Arguments): Result => {
      if (!admits(name)) return refused;
      try {
        return open.apply(frame, given);
      } finally {
        closedAtMs.push(performance.now());
      }
    };
  }

  const { alert, confirm, prompt, print } = frame;
  const guards = {
    alert: guarded("alert", alert, undefined),
    confirm: guarded("confirm", confirm, false),
    prompt: guarded("prompt", prompt, null),
    print: guarded("print", print, undefined),
  };
  for (const [name, value] of Object.entries(guards)) Object.defineProperty(frame, name, { value, writable: true, configurable: true });
  // Nobody is to be asked by a plugin whether they really want to leave the dashboard's page.
  frame.addEventListener("beforeunload", (event) => event.stopImmediatePropagation(), true);
}
