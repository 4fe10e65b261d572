/** Where an element's script is, the digest its bytes must have, and how it is written. */
export type Script = { url: string; integrity: string; type: "classic" | "module" };

// One promise for each address: addresses are immutable, and a custom element can be defined only once.
const loading = new Map<string, Promise<void>>();

const inject = ({ url, integrity, type }: Script): Promise<void> =>
  new Promise((resolve, reject) => {
    const script = document.createElement("script");
    if (type === "module") script.type = "module";
    script.integrity = integrity;
    script.crossOrigin = "anonymous";
    script.src = url;
    script.onload = () => resolve();
    script.onerror = () => {
      script.remove();
      reject(new Error("The plugin's script could not be loaded, or its bytes are not the ones the studio knows."));
    };
    document.head.append(script);
  });

/** Rejects with `message` when `work` takes longer than `ms`. */
function within<T>(work: Promise<T>, ms: number, message: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Makes sure that `tag` is a defined custom element, loading its script at most once. A failure may be tried again. */
export async function loadElement(tag: string, script: Script, timeoutMs: number): Promise<void> {
  if (customElements.get(tag)) return;
  let load = loading.get(script.url);
  if (!load) {
    load = inject(script);
    loading.set(script.url, load);
    load.catch(() => loading.delete(script.url));
  }
  const seconds = Math.round(timeoutMs / 1000);
  await within(
    load.then(() => customElements.whenDefined(tag)),
    timeoutMs,
    `The plugin's script did not define <${tag}> within ${seconds} s.`,
  ).catch((error: unknown) => {
    loading.delete(script.url);
    throw error;
  });
}
