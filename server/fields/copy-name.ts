import { conflict } from "@portico/core";

const mostCopies = 1_000;
/** Room for the number of a copy in a name of 120 characters. */
const nameChars = 110;

/**
 * A free name for a copy: `Copy of X`, `Copy of X 2`, and so on.
 * @param namesLike names that begin with a text.
 * @throws AppError conflict when there are too many copies.
 */
export async function copyName(name: string, namesLike: (beginning: string) => Promise<string[]>): Promise<string> {
  const copy = `Copy of ${name}`.slice(0, nameChars);
  const taken = new Set(await namesLike(copy));
  for (let number = 1; number <= mostCopies; number++) {
    const candidate = number === 1 ? copy : `${copy} ${number}`;
    if (!taken.has(candidate)) return candidate;
  }
  throw conflict(`There are too many copies of "${name}".`, "name");
}
