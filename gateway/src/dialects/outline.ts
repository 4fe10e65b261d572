/**
 * Reads a body while it passes, and keeps of it what it is judged by. The end of the body is held back: no server acts on one that is not
 * complete, so a body that is judged to be wrong in the end has had no effect.
 */
export type Outline = {
  /** Why the body cannot be judged, or "". What is pushed after a fault is of no interest. */
  readonly fault: string;
  /** @returns what may be sent on by now. */
  push(chunk: Buffer): Buffer;
  /** The body is complete. @returns a body without what is bulky, for the same judgement; undefined for one with a fault. */
  end(): Buffer | undefined;
  /** What was held back. @param added fields of JSON, separated by commas, that become its last. */
  rest(added: string): Buffer;
};

/** Of all that is kept. */
export const maxOutlineBytes = 1024 * 1024;
