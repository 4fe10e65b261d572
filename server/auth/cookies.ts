import { readCookie, setCookie } from "../http/cookies.ts";

/**
 * Browsers accept a `__Host-` cookie only from this host over HTTPS, so other hosts, ports and plain HTTP cannot set it. Plain HTTP
 * (studio on loopback) cannot use the prefix.
 */
const nameOf = (name: string, isSecure: boolean): string => (isSecure ? `__Host-${name}` : name);

export const sessionCookie = (isSecure: boolean): string => nameOf("session", isSecure);
export const visitorCookie = (isSecure: boolean): string => nameOf("portico_csrf", isSecure);

export const sessionToken = (request: Request, isSecure: boolean): string | undefined => readCookie(request, sessionCookie(isSecure));

export const setSession = (token: string, { maxAgeSeconds, isSecure }: { maxAgeSeconds: number; isSecure: boolean }): string =>
  setCookie(sessionCookie(isSecure), token, { maxAgeSeconds, isSecure });
