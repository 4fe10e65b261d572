"use client";

import { Button, Select, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { FilterTestResult } from "../../server/filters/contract.ts";
import { call } from "../api/http.ts";
import { CodeBlock } from "../ui/code.tsx";
import { Failure, Notice } from "../ui/notice.tsx";
import classes from "./filters.module.css";
import { samples } from "./samples.ts";

const jsonOf = (input: object): string => JSON.stringify(input, null, 2);

function faultOf(input: string): string | undefined {
  try {
    const value: unknown = JSON.parse(input);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? undefined : "Write a JSON object.";
  } catch (error) {
    return `Not valid JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Runs the script as it stands in the form, saved or not. */
export function FilterTest({
  script,
  isResponse,
  onProblem,
}: {
  script: string;
  isResponse: boolean;
  onProblem: (problem: { line: number; message: string } | null) => void;
}) {
  const [sample, setSample] = useState(isResponse ? "response" : "request");
  const [input, setInput] = useState(jsonOf(samples.find(({ id }) => id === sample)?.input ?? {}));
  const fault = faultOf(input);
  const run = useMutation({
    mutationFn: () => call<FilterTestResult>("POST", "/api/v1/filters/test", { script, input: JSON.parse(input) as object }),
    onSuccess: (result) => onProblem(result.error_line ? { line: result.error_line, message: result.error ?? "" } : null),
  });
  return (
    <>
      <div className={classes.row}>
        <Select
          label="Sample"
          data={samples.map(({ id, label }) => ({ value: id, label }))}
          value={sample}
          allowDeselect={false}
          onChange={(id) => {
            const chosen = samples.find((one) => one.id === id);
            if (!chosen) return;
            setSample(chosen.id);
            setInput(jsonOf(chosen.input));
          }}
        />
        <Button
          variant="default"
          loading={run.isPending}
          disabled={fault !== undefined || script.trim() === ""}
          onClick={() => run.mutate()}
        >
          Run script
        </Button>
      </div>
      <Textarea
        label="Input"
        description="What the script sees as input, as JSON."
        autosize
        minRows={6}
        maxRows={18}
        spellCheck={false}
        value={input}
        error={fault}
        onChange={(event) => setInput(event.currentTarget.value)}
        classNames={{ input: classes.plain ?? "" }}
      />
      <div aria-live="polite">
        {run.error && <Failure what="the result" error={run.error} />}
        {run.data && <Result result={run.data} />}
      </div>
    </>
  );
}

function Result({ result }: { result: FilterTestResult }) {
  const ran = `Ran for ${result.duration_ms < 10 ? result.duration_ms.toFixed(2) : Math.round(result.duration_ms)} ms.`;
  return (
    <div className={classes.result}>
      {result.output ? (
        <Notice tone={result.output.block ? "warn" : "good"} title={result.output.block ? "Blocks" : "Lets pass"}>
          {result.output.block && (result.output.message || "Without a message.")} {ran}
        </Notice>
      ) : (
        <Notice tone="bad" title={result.error_line ? `Failed on line ${result.error_line}` : "Failed"}>
          {result.error} {ran}
        </Notice>
      )}
      {result.output && <CodeBlock code={jsonOf(result.output)} what="output" maxHeight={260} />}
      {result.console.length > 0 && <CodeBlock code={result.console.join("\n")} what="console" maxHeight={200} />}
    </div>
  );
}
