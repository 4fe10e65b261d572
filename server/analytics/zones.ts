/** Whether this is the name of a time zone, as in `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  try {
    // Offsets like +01:00 are taken by some engines and not by the database.
    return /^[A-Za-z]/.test(name) && new Intl.DateTimeFormat("en", { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

/** The moment at which a day of a time zone begins: the day of `at`, or one so many days after it. */
export function startOfDay(at: Date, timeZone: string, daysAfter = 0): Date {
  const { year, month, day } = partsOf(at, timeZone);
  const midnight = Date.UTC(year, month - 1, day + daysAfter);
  // The offset at the moment looked for, which one look with that of UTC midnight may miss by an hour when clocks change.
  const first = midnight - offsetMs(new Date(midnight), timeZone);
  return new Date(midnight - offsetMs(new Date(first), timeZone));
}

function partsOf(at: Date, timeZone: string) {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(at);
  const of = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((part) => part.type === type)?.value);
  return { year: of("year"), month: of("month"), day: of("day"), hour: of("hour"), minute: of("minute"), second: of("second") };
}

function offsetMs(at: Date, timeZone: string): number {
  const { year, month, day, hour, minute, second } = partsOf(at, timeZone);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at.getTime() / 1000) * 1000;
}
