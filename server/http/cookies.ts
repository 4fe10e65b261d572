/** The value of a cookie of the request; undefined when absent or empty. */
export function readCookie(request: Request, name: string): string | undefined {
  for (const part of (request.headers.get("cookie") ?? "").split(";")) {
    const at = part.indexOf("=");
    if (at > 0 && part.slice(0, at).trim() === name) return decoded(part.slice(at + 1).trim()) || undefined;
  }
  return undefined;
}

/** A cookie that is no valid encoding is none of ours. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return "";
  }
}

/** A Set-Cookie value, for this host only and out of reach of scripts. */
export function setCookie(name: string, value: string, { maxAgeSeconds, isSecure }: { maxAgeSeconds: number; isSecure: boolean }): string {
  return [
    `${name}=${encodeURIComponent(value)}`,
    "Path=/",
    `Max-Age=${maxAgeSeconds}`,
    "SameSite=Lax",
    "HttpOnly",
    ...(isSecure ? ["Secure"] : []),
  ].join("; ");
}
