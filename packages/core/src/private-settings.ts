import { closeSync, readFileSync } from "node:fs";

/** Names the descriptor on which the starter of a process hands over its secrets, as one JSON object of names and values. */
export const secretsFdVariable = "PORTICO_SECRETS_FD";

/**
 * The settings of this process with its secrets, which are taken out of the environment: what is in it is seen by children, by crash
 * reports and by everything that runs as the same user. A secret comes from the descriptor that the starter names, from the file that
 * `<NAME>_FILE` names, or from the environment itself, where others may have read it already.
 * @throws Error that names the variable.
 */
export function takeSettings(env: NodeJS.ProcessEnv, secretNames: readonly string[]): NodeJS.ProcessEnv {
  const settings = { ...env };
  for (const name of secretNames) {
    const file = env[`${name}_FILE`];
    if (file) settings[name] = readSecret(name, file);
    delete env[name];
    delete env[`${name}_FILE`];
  }
  const fd = Number(env[secretsFdVariable] ?? Number.NaN);
  delete env[secretsFdVariable];
  if (Number.isInteger(fd) && fd > 2) {
    const given: unknown = JSON.parse(readFileSync(fd, "utf8"));
    closeSync(fd);
    Object.assign(settings, given);
  }
  return settings;
}

function readSecret(name: string, file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new Error(`${name}_FILE names ${file}, which cannot be read.`, { cause });
  }
}
