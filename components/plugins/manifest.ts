/** A text of a plugin's manifest; "" when it has none. Manifests are shown as they were read, whatever else is in them. */
export function manifestText(manifest: Record<string, unknown>, field: "name" | "version"): string {
  const value = manifest[field];
  return typeof value === "string" ? value : "";
}
