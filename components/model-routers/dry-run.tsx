"use client";

import { Button, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { RouterChoice } from "../../server/model-routers/contract.ts";
import { call } from "../api/http.ts";
import { Failure, Notice } from "../ui/notice.tsx";
import classes from "./model-routers.module.css";
import { type PoolValues, poolsOf } from "./pools.ts";

/** Says where a call would go with the pools as they stand in the form. */
export function DryRun({ pools }: { pools: PoolValues[] }) {
  const [model, setModel] = useState("gpt-4o");
  const run = useMutation({
    mutationFn: () => call<RouterChoice>("POST", "/api/v1/model-routers/dry-run", { model: model.trim(), pools: poolsOf(pools) }),
  });
  return (
    <>
      <div className={classes.actions}>
        <TextInput label="Model" value={model} onChange={(event) => setModel(event.currentTarget.value)} />
        <Button variant="default" loading={run.isPending} disabled={model.trim() === ""} onClick={() => run.mutate()}>
          Dry run
        </Button>
      </div>
      <div aria-live="polite">
        {run.error && <Failure what="the choice" error={run.error} />}
        {run.data && <Choice choice={run.data} />}
      </div>
    </>
  );
}

function Choice({ choice }: { choice: RouterChoice }) {
  if (choice.error !== null)
    return (
      <Notice tone="bad" title={choice.error}>
        {choice.pool ? `Pool ${choice.pool.name} takes the model, but none of its LLMs is active.` : "Callers would be answered with 400."}
      </Notice>
    );
  return (
    <Notice tone="good" title={`Pool ${choice.pool?.name ?? ""}`}>
      <ul className={classes.candidates}>
        {choice.candidates.map(({ llm, share, model, problem }) => (
          <li key={`${llm.id} ${model} ${share}`}>
            {(share * 100).toFixed(share * 100 < 10 ? 1 : 0)} % to {llm.name || `LLM ${llm.id}`} as <code>{model}</code>
            {problem !== null && ` (${problem.charAt(0).toLowerCase()}${problem.slice(1)})`}
          </li>
        ))}
      </ul>
    </Notice>
  );
}
