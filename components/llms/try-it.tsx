"use client";

import { Button, NumberInput, Switch, Textarea, TextInput } from "@mantine/core";
import { vendorOf } from "@portico/protocol/vendors";
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useRef, useState } from "react";
import type { CallAttributes } from "../../server/analytics/contract.ts";
import type { ConnectionResult } from "../../server/llms/contract/connection.ts";
import type { LlmAttributes } from "../../server/llms/contract.ts";
import { ApiError, messageOf, send } from "../api/http.ts";
import type { One, Resource } from "../api/types.ts";
import { callKey } from "../calls/call-key.ts";
import { numberOf } from "../form/values.ts";
import { CodeBlock } from "../ui/code.tsx";
import { formatCount, formatDuration, formatMoney } from "../ui/format.ts";
import { Notice } from "../ui/notice.tsx";
import { Facts, Section } from "../ui/page.tsx";
import { testConnection } from "./connection-check.tsx";
import { trialCalls } from "./dialects.ts";
import { type Answer, readAnswer } from "./read-answer.ts";
import classes from "./try-it.module.css";

/** Sends one message to the LLM through the gateway, as an app would, and shows what came back and what it took. */
export function TryIt({ llm }: { llm: Resource<LlmAttributes> }) {
  const { vendor, api_endpoint, default_model, active } = llm.attributes;
  const [model, setModel] = useState(default_model || vendorOf(vendor).exampleModel);
  const [prompt, setPrompt] = useState("Say hello in one sentence.");
  const [system, setSystem] = useState("");
  const [temperature, setTemperature] = useState<number | string>("");
  const [maxTokens, setMaxTokens] = useState<number | string>("");
  const [stream, setStream] = useState(true);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [cause, setCause] = useState<ConnectionResult | null>(null);
  const abort = useRef<AbortController | null>(null);
  const [busy, setBusy] = useState(false);

  const trial = trialCalls[vendorOf(vendor).dialect];
  const path = `/api/v1/llms/${llm.id}/proxy${trial.path(api_endpoint)}`;
  const body = trial.body({
    endpoint: api_endpoint,
    model,
    prompt,
    stream,
    system: system.trim(),
    temperature: numberOf(temperature),
    maxTokens: numberOf(maxTokens),
  });

  const run = async () => {
    abort.current = new AbortController();
    setBusy(true);
    setProblem(null);
    setCause(null);
    setAnswer(null);
    const startedAt = performance.now();
    try {
      const response = await send("POST", path, body, { signal: abort.current.signal });
      await readAnswer(response, startedAt, setAnswer);
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      setProblem(error);
      // The gateway keeps the vendor's address from callers; an administrator is shown what is wrong with it.
      if (isWithoutAnswer(error)) setCause(await testConnection({ llm_id: Number(llm.id) }).catch(() => null));
    } finally {
      setBusy(false);
    }
  };

  return (
    <div className={classes.columns}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        {!active && (
          <Notice tone="warn" title="This LLM is inactive">
            The gateway rejects calls until it is activated.
          </Notice>
        )}
        <TextInput label="Model" value={model} onChange={(event) => setModel(event.currentTarget.value)} required withAsterisk={false} />
        <Textarea
          label="Message"
          autosize
          minRows={5}
          maxRows={16}
          value={prompt}
          onChange={(event) => setPrompt(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void run();
          }}
          description="Ctrl Enter sends. The call counts against the budget like any other."
        />
        <Textarea
          label="System prompt"
          description="Empty sends none."
          autosize
          minRows={2}
          maxRows={10}
          value={system}
          onChange={(event) => setSystem(event.currentTarget.value)}
        />
        <div className={classes.pair}>
          <NumberInput
            label="Temperature"
            placeholder="the vendor's"
            min={0}
            max={2}
            step={0.1}
            decimalScale={2}
            value={temperature}
            onChange={setTemperature}
          />
          <NumberInput
            label="Max tokens"
            placeholder={vendorOf(vendor).dialect === "anthropic" ? "1024" : "the vendor's"}
            min={1}
            allowDecimal={false}
            value={maxTokens}
            onChange={setMaxTokens}
          />
        </div>
        <Switch label="Stream the answer" checked={stream} onChange={(event) => setStream(event.currentTarget.checked)} />
        <div className={classes.actions}>
          <Button type="submit" loading={busy && answer === null} disabled={prompt.trim() === "" || busy}>
            Send
          </Button>
          {busy && (
            <Button variant="default" onClick={() => abort.current?.abort()}>
              Stop
            </Button>
          )}
        </div>
      </form>
      <div className={classes.result}>
        {problem !== null && <Problem llmId={llm.id} problem={problem} cause={cause} />}
        {answer === null && problem === null && (
          <p className="quiet">{busy ? "Waiting for the first token…" : "The answer appears here."}</p>
        )}
        {answer && (
          <>
            <p className={classes.text} aria-live="polite" aria-busy={busy}>
              {answer.text || <span className="quiet">No text in the answer; see the raw form below.</span>}
            </p>
            <Facts
              rows={[
                [
                  "First byte",
                  <span className="num" key="first">
                    {formatDuration(answer.firstByteMs)}
                  </span>,
                ],
                [
                  "Whole answer",
                  <span className="num" key="whole">
                    {formatDuration(answer.totalMs)}
                  </span>,
                ],
                [
                  "Tokens",
                  answer.promptTokens === null ? null : (
                    <span
                      className="num"
                      key="tokens"
                    >{`${formatCount(answer.promptTokens)} in, ${formatCount(answer.responseTokens)} out`}</span>
                  ),
                ],
                ["Cost", answer.totalMs !== null && answer.requestId && <Cost key="cost" requestId={answer.requestId} />],
                ["Request", answer.requestId && <code key="request">{answer.requestId}</code>],
              ]}
            />
            <Section title="Headers and raw answer">
              <CodeBlock what="raw answer" code={`${answer.headers}\n\n${answer.raw}`} maxHeight={320} />
            </Section>
          </>
        )}
      </div>
    </div>
  );
}

/** The gateway got no answer from the vendor, or could not connect to it. */
const isWithoutAnswer = (error: unknown): boolean => error instanceof ApiError && (error.status === 502 || error.status === 504);

function Problem({ llmId, problem, cause }: { llmId: string; problem: unknown; cause: ConnectionResult | null }) {
  if (cause && cause.result !== "ok")
    return (
      <Notice
        tone="bad"
        title="No answer from the vendor"
        action={
          <Button size="xs" variant="default" component={Link} href={`/admin/llms/${llmId}/edit`}>
            Edit LLM
          </Button>
        }
      >
        {cause.message}
      </Notice>
    );
  const title = isWithoutAnswer(problem)
    ? "No answer from the vendor"
    : problem instanceof ApiError && problem.status
      ? `Rejected with ${problem.status}`
      : "No answer";
  return (
    <Notice tone="bad" title={title}>
      {messageOf(problem)}
    </Notice>
  );
}

const recordedWithinMs = 15_000;

/** What the call cost, which studio knows a moment after the gateway has answered. */
function Cost({ requestId }: { requestId: string }) {
  const [until] = useState(() => Date.now() + recordedWithinMs);
  const { data } = useQuery<One<CallAttributes>>({
    ...callKey(requestId),
    retry: false,
    refetchInterval: ({ state }) => (state.data || Date.now() > until ? false : 500),
  });
  const call = data?.data.attributes;
  if (!call) return <span className="quiet">{Date.now() > until ? "not recorded yet" : "…"}</span>;
  return (
    <Link href={`/admin/calls/${encodeURIComponent(requestId)}`}>
      {call.priced ? <span className="num">{formatMoney(call.cost)}</span> : "no price for this model"}
    </Link>
  );
}
