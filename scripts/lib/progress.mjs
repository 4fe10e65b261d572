/** Lines for a person: one that is rewritten in place on a terminal, plain lines elsewhere. */
export function createProgress({ out = process.stdout } = {}) {
  const live = Boolean(out.isTTY) && !process.env.CI;
  let open = "";

  const write = (text) => {
    try {
      out.write(text);
    } catch {
      // The terminal is gone; the work goes on.
    }
  };
  const clear = () => {
    if (open && live) write("\r\u001b[K");
    open = "";
  };
  const say = (line = "") => {
    const again = open;
    clear();
    write(`${line}\n`);
    if (again && live) {
      open = again;
      write(again);
    }
  };

  return {
    say,
    /** Shows that something is under way; `update` tells how far; `done` closes with the time it took. */
    begin(label) {
      const startedAt = Date.now();
      let detail = "";
      const seconds = () => Math.round((Date.now() - startedAt) / 1000);
      const draw = () => {
        clear();
        open = `  ${label}${detail ? ` ${detail}` : ""} … ${seconds()} s`;
        write(open);
      };
      if (!live) say(`  ${label} …`);
      else draw();
      const timer = setInterval(
        () => (live ? draw() : say(`  ${label}${detail ? ` ${detail}` : ""} … ${seconds()} s`)),
        live ? 250 : 15_000,
      );
      timer.unref();
      const end = (mark) => {
        clearInterval(timer);
        clear();
        if (mark) write(`  ${mark} ${label} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)\n`);
      };
      return {
        update(text) {
          detail = text;
        },
        done: () => end("✓"),
        fail: () => end("✗"),
        drop: () => end(""),
      };
    },
  };
}
