import { readCookie, setCookie } from "../http/cookies.ts";

/**
 * Over HTTPS our cookies carry the prefix that browsers give to no other host, path or plain connection. Without HTTPS (a studio on
 * loopback) they cannot have it.
 */
const nameOf = (name: string, isSecure: boolean): string => (isSecure ? `__Host-${name}` : name);

export const sessionCookie = (isSecure: boolean): string => nameOf("session", isSecure);
export const visitorCookie = (isSecure: boolean): string => nameOf("portico_csrf", isSecure);

export const sessionToken = (request: Request, isSecure: boolean): string | undefined => readCookie(request, sessionCookie(isSecure));

export const setSession = (token: string, { maxAgeSeconds, isSecure }: { maxAgeSeconds: number; isSecure: boolean }): string =>
  setCookie(sessionCookie(isSecure), token, { maxAgeSeconds, isSecure });
