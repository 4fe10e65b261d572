/**
 * Registers an element unless its name is taken. Pages may run a script twice, and several plugins bring the kit along:
 * the first definition stays.
 */
export function define(tag: string, element: CustomElementConstructor): void {
  if (!customElements.get(tag)) customElements.define(tag, element);
}

/** The message of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
