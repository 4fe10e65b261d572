/** A number field's value: null when empty. */
export const numberOf = (value: number | string): number | null => {
  if (value === "") return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
};

/** The day of an API time, for a date field. */
export const dayOf = (time: string | null | undefined): string | null => (time && !time.startsWith("0001-") ? time.slice(0, 10) : null);

/** Midnight UTC of a date field's day, as the API takes it. */
export const fromDay = (day: string | null): string | null => (day ? `${day.slice(0, 10)}T00:00:00Z` : null);
