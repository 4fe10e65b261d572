"use client";

import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import type { CheckedDocument } from "../../server/tools/contract/definition.ts";
import { call, document } from "../api/http.ts";
import type { One } from "../api/types.ts";

/** What the server finds in a document, a moment after the last change to it. */
export function useDocumentCheck(text: string): { checked: CheckedDocument | undefined; checking: boolean; error: unknown } {
  const [settled] = useDebouncedValue(text, 500);
  const isEmpty = settled.trim() === "";
  const { data, isFetching, error } = useQuery({
    queryKey: ["tool-documents", settled],
    queryFn: ({ signal }) => checkDocument({ oas_spec: settled }, signal),
    enabled: !isEmpty,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  return {
    checked: isEmpty ? undefined : data,
    checking: (isFetching || settled !== text) && text.trim() !== "",
    error: isEmpty ? null : error,
  };
}

/** Has a document checked: its text, or what is at a URL. */
export const checkDocument = async (asked: { oas_spec: string } | { url: string }, signal?: AbortSignal): Promise<CheckedDocument> =>
  (await call<One<CheckedDocument>>("POST", "/api/v1/tools/validate-spec", document("tool-documents", asked), { signal })).data.attributes;
