"use client";

import { useQuery } from "@tanstack/react-query";
import type { UsableLlm, UsableTool } from "../../server/catalogues/contract.ts";
import { selfServiceKey, usableLlmsKey, usableToolsKey } from "./usable-keys.ts";

/** What the signed-in user may add to their own apps. */
export const useUsableLlms = () => useQuery<UsableLlm[]>(usableLlmsKey);
export const useUsableTools = () => useQuery<UsableTool[]>(usableToolsKey);

/** Whether keys of apps that the user creates work at once. */
export const useSelfService = (): boolean => useQuery<{ enabled: boolean }>(selfServiceKey).data?.enabled === true;
