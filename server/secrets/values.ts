import { AppError, invalid } from "@portico/core";
import type { Actor } from "../auth/actor.ts";
import type { Tx } from "../db/client.ts";
import { redacted } from "../fields/contract.ts";
import { referenceIn, type SecretReference } from "./contract/reference-text.ts";
import type { SecretStore } from "./store.ts";
import type { Vault } from "./vault.ts";

/** Values of the environment variables that may be referred to, by name. */
export type SecretEnvironment = ReadonlyMap<string, string>;

/** What is stored of secrets, by name; null for one without a value. */
export type SealedSecrets = ReadonlyMap<string, string | null>;

/** How credential fields are kept and read. A stored value is sealed, or it is a reference. */
export type SecretValues = {
  /**
   * What to store for a field of a `SecretValue`: undefined keeps the stored value, null clears it. The secret that is referred to cannot
   * be deleted before the transaction ends.
   * @throws AppError validation_failed naming the field when there is nothing to refer to; forbidden when the actor may not refer to secrets.
   */
  keep(tx: Tx, actor: Actor, field: string, value: string | undefined): Promise<string | null | undefined>;
  /** Checks references that are stored with other values, by the field that each is in. @throws as `keep`. */
  accept(tx: Tx, actor: Actor, references: readonly { field: string; reference: string }[]): Promise<void>;
  /**
   * The plain value of what is stored.
   * @throws AppError validation_failed naming the field when what it refers to is not there.
   */
  reveal(stored: string, field: string): Promise<string>;
  /** The plain value of one that was sent and is not stored: a reference is resolved. @throws as `keep` and `reveal`. */
  revealSent(actor: Actor, value: string, field: string): Promise<string>;
  /**
   * Replaces the given references in the texts of a JSON value. Others stay as they are: defaults of a plugin's schema are not to refer to
   * secrets. @throws AppError validation_failed naming where in the value.
   */
  revealIn<T>(value: T, references: readonly string[], field: string): Promise<T>;
};

export type SecretResolver = {
  /** The plain value of what is stored. @throws Error when what it refers to is not there. */
  open(stored: string): string;
  /** Replaces the given references in the texts of a JSON value. @throws Error as `open`. */
  openIn<T>(value: T, references: readonly string[]): T;
};

/** Opens stored values with the secrets at hand: those that `secretNamesIn` names. */
export function createSecretResolver({
  vault,
  environment,
  secrets,
}: {
  vault: Pick<Vault, "open">;
  environment: SecretEnvironment;
  secrets: SealedSecrets;
}): SecretResolver {
  function resolve({ source, name }: SecretReference): string {
    if (source === "ENV") {
      const value = environment.get(name);
      if (!value)
        throw new Error(`it refers to the environment variable ${name}, which is not set for studio or not named in PORTICO_SECRET_ENV`);
      return value;
    }
    const sealed = secrets.get(name);
    if (sealed === undefined) throw new Error(`it refers to the secret ${name}, which does not exist`);
    if (sealed === null) throw new Error(`it refers to the secret ${name}, which has no value yet`);
    return vault.open(sealed);
  }

  function openIn(value: unknown, references: readonly string[]): unknown {
    if (typeof value === "string") {
      const reference = references.includes(value) ? referenceIn(value) : undefined;
      return reference ? resolve(reference) : value;
    }
    if (Array.isArray(value)) return value.map((one) => openIn(one, references));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, openIn(inner, references)]));
  }

  return {
    open(stored) {
      const reference = referenceIn(stored);
      return reference ? resolve(reference) : vault.open(stored);
    },
    openIn: <T>(value: T, references: readonly string[]) => (references.length === 0 ? value : (openIn(value, references) as T)),
  };
}

/** Names of the secrets that stored texts refer to. */
export const secretNamesIn = (stored: Iterable<string | null>): string[] => [
  ...new Set(
    [...stored].flatMap((text) => {
      const reference = text === null ? undefined : referenceIn(text);
      return reference?.source === "SECRET" ? [reference.name] : [];
    }),
  ),
];

/** Every reference in the texts of a JSON value, with the path that leads there. */
export function referencesIn(value: unknown, path = ""): { field: string; reference: string }[] {
  if (typeof value === "string") return referenceIn(value) ? [{ field: path, reference: value }] : [];
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, inner]) => referencesIn(inner, path === "" ? key : `${path}.${key}`));
}

export function createSecretValues({
  vault,
  environment,
  store,
}: {
  vault: Vault;
  environment: SecretEnvironment;
  store: Pick<SecretStore, "sealed" | "hold">;
}): SecretValues {
  /** A plugin that may write a field may often also say where its value is sent. */
  function checkActor(actor: Actor, field: string): void {
    if (actor.via === "system" || (actor.isAdmin && actor.pluginId === undefined)) return;
    const message = "Only administrators may refer to secrets and environment variables: send the value itself.";
    throw new AppError({ code: "forbidden", message, issues: [{ field, message }] });
  }

  function checkVariable({ source, name }: SecretReference, field: string): void {
    if (source === "ENV" && !environment.has(name))
      throw invalid(field, `refers to the environment variable ${name}: studio may only use those named in PORTICO_SECRET_ENV`);
  }

  async function accept(tx: Tx, actor: Actor, references: readonly { field: string; reference: string }[]): Promise<void> {
    const parsed = references.flatMap(({ field, reference }) => {
      const found = referenceIn(reference);
      return found ? [{ field, ...found }] : [];
    });
    if (parsed.length === 0) return;
    for (const one of parsed) {
      checkActor(actor, one.field);
      checkVariable(one, one.field);
    }
    const held = new Set(await store.hold(tx, secretNamesIn(references.map(({ reference }) => reference))));
    const missing = parsed.find(({ source, name }) => source === "SECRET" && !held.has(name));
    if (missing) throw invalid(missing.field, `refers to the secret ${missing.name}, which does not exist: create it first`);
  }

  const resolverFor = async (texts: Iterable<string>): Promise<SecretResolver> =>
    createSecretResolver({ vault, environment, secrets: await store.sealed(secretNamesIn(texts)) });

  /** Names the field of what cannot be resolved. */
  function resolved<T>(field: string, open: () => T): T {
    try {
      return open();
    } catch (error) {
      throw invalid(field, `cannot be used: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async function reveal(stored: string, field: string): Promise<string> {
    const resolver = await resolverFor([stored]);
    return referenceIn(stored) ? resolved(field, () => resolver.open(stored)) : resolver.open(stored);
  }

  return {
    accept,
    reveal,

    async keep(tx, actor, field, value) {
      if (value === undefined || value === redacted) return undefined;
      if (value === "") return null;
      if (!referenceIn(value)) return vault.seal(value);
      await accept(tx, actor, [{ field, reference: value }]);
      return value;
    },

    async revealSent(actor, value, field) {
      const reference = referenceIn(value);
      if (!reference) return value;
      checkActor(actor, field);
      checkVariable(reference, field);
      return reveal(value, field);
    },

    async revealIn(value, references, field) {
      if (references.length === 0) return value;
      const resolver = await resolverFor(references);
      for (const { field: path, reference } of referencesIn(value, field))
        if (references.includes(reference)) resolved(path, () => resolver.open(reference));
      return resolver.openIn(value, references);
    },
  };
}
