export const root: string;
export const buildDir: string;
export const binDir: string;
export const pinnedNode: string;
export function toolEnv(extra?: Record<string, string | undefined>): NodeJS.ProcessEnv;
export function systemEnv(extra?: Record<string, string | undefined>): NodeJS.ProcessEnv;
