import type { Vendor } from "../api/types.ts";

/** What the dashboard knows of each vendor: its name, where it listens, and models to name as examples. */
export const vendors: Record<Vendor, { label: string; endpoint: string; model: string }> = {
  openai: { label: "OpenAI", endpoint: "https://api.openai.com/v1", model: "gpt-4o-mini" },
  anthropic: { label: "Anthropic", endpoint: "https://api.anthropic.com", model: "claude-sonnet-4-5" },
};

export const vendorOptions = Object.entries(vendors).map(([value, { label }]) => ({ value, label }));

export const vendorLabel = (vendor: string): string => vendorOptions.find((option) => option.value === vendor)?.label ?? vendor;
