const nice = [1, 2, 2.5, 5, 10];

/** Evenly spaced round values from zero to at least `most`: four or five steps. `whole` for what is counted. */
export function valueTicks(most: number, { whole = false }: { whole?: boolean } = {}): number[] {
  if (!(most > 0)) return whole ? [0, 1] : [0];
  const raw = most / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const fitting = nice.find((factor) => factor * power >= raw * (1 - 1e-9)) ?? 10;
  const step = whole ? Math.max(1, Math.ceil(fitting * power)) : fitting * power;
  const count = Math.max(1, Math.ceil(most / step - 1e-9));
  // Multiplied, not added up: 0.1 + 0.2 is not 0.3.
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** The starts of steps that get a label: round times of the reader's clock at even distances. A step of a day is a day in UTC. */
export function timeTicks(starts: string[]): string[] {
  const stepMs = stepOf(starts);
  if (stepMs >= dayMs) return starts.filter((_, index) => (starts.length - 1 - index) % 5 === 0);
  const everyMs = stepMs >= hourMs ? dayMs : stepMs >= 15 * minuteMs ? 4 * hourMs : 15 * minuteMs;
  const slotOf = (at: string) => Math.floor((Date.parse(at) - new Date(at).getTimezoneOffset() * minuteMs) / everyMs);
  // The first step of each slot; that of the slot the chart begins in may be anywhere in it.
  return starts.filter((at, index) => index > 0 && slotOf(at) !== slotOf(starts[index - 1] ?? at));
}

const two = (value: number): string => String(value).padStart(2, "0");
const stepOf = (starts: string[]): number => Date.parse(starts[1] ?? "") - Date.parse(starts[0] ?? "");

/** A label's text: the time of day for steps within a day, otherwise the date. */
export function tickLabel(at: string, starts: string[]): string {
  const stepMs = stepOf(starts);
  if (stepMs >= dayMs) return at.slice(5, 10);
  const time = new Date(at);
  return stepMs >= hourMs ? `${two(time.getMonth() + 1)}-${two(time.getDate())}` : `${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** The step that a point stands for, in full. */
export function stepLabel(at: string, starts: string[]): string {
  if (stepOf(starts) >= dayMs) return `${at.slice(0, 10)} (UTC)`;
  const time = new Date(at);
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${two(time.getHours())}:${two(time.getMinutes())}`;
}
