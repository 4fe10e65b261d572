/** Where an element's script is, and the digest its bytes must have. */
export type Script = { url: string; integrity?: string | undefined };

// One promise for each address: addresses are immutable, and a custom element can be defined only once.
const loading = new Map<string, Promise<void>>();

// Plugins write classic scripts and modules; the manifest does not say which. Import and export at the start of a line
// are legal in modules only.
const looksLikeModule = (source: string): boolean => /^[ \t]*(import[\s{*"'(]|export[\s{*])/m.test(source);

async function inject({ url, integrity }: Script): Promise<void> {
  const response = await fetch(url, { credentials: "same-origin", ...(integrity ? { integrity } : {}) });
  if (!response.ok) throw new Error(`The plugin's script answered ${response.status}.`);
  const source = await response.text();
  await new Promise<void>((resolve, reject) => {
    const script = document.createElement("script");
    if (looksLikeModule(source)) script.type = "module";
    if (integrity) {
      script.integrity = integrity;
      script.crossOrigin = "anonymous";
    }
    script.src = url;
    script.onload = () => resolve();
    script.onerror = () => {
      script.remove();
      reject(new Error("The plugin's script was refused by the browser; its bytes may not be the ones approved."));
    };
    document.head.append(script);
  });
}

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
