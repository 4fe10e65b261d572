export function takeLock(
  file: string,
  facts?: Record<string, unknown>,
): { release(): void; holder?: undefined } | { holder: { pid: number; since: string }; release?: undefined };
export function lockHolder(file: string): { pid: number; since: string } | undefined;
export function isAlive(pid: number): boolean;
export function processStart(pid: number): string;
