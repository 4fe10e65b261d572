/** A case-insensitive "contains" for Prisma in which the caller's % and _ are ordinary characters. */
export const contains = (text: string) => ({ contains: text.replace(/[\\%_]/g, "\\$&"), mode: "insensitive" as const });
