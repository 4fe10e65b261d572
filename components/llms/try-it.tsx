"use client";

import { Button, Switch, Textarea, TextInput } from "@mantine/core";
import { vendorOf } from "@portico/protocol/vendors";
import { useRef, useState } from "react";
import type { LlmAttributes } from "../../server/llms/contract.ts";
import { ApiError, messageOf, send } from "../api/http.ts";
import type { Resource } from "../api/types.ts";
import { CodeBlock } from "../ui/code.tsx";
import { formatCount, formatDuration } from "../ui/format.ts";
import { Notice } from "../ui/notice.tsx";
import { Facts, Section } from "../ui/page.tsx";
import { trialCalls } from "./dialects.ts";
import { type Answer, readAnswer } from "./read-answer.ts";
import classes from "./try-it.module.css";

/** Sends one message to the LLM through the gateway, as an app would, and shows what came back and what it took. */
export function TryIt({ llm }: { llm: Resource<LlmAttributes> }) {
  const { vendor, api_endpoint, default_model, active } = llm.attributes;
  const [model, setModel] = useState(default_model || vendorOf(vendor).exampleModel);
  const [prompt, setPrompt] = useState("Say hello in one sentence.");
  const [stream, setStream] = useState(true);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const abort = useRef<AbortController | null>(null);
  const [busy, setBusy] = useState(false);

  const trial = trialCalls[vendorOf(vendor).dialect];
  const path = `/api/v1/llms/${llm.id}/proxy${trial.path(api_endpoint)}`;
  const body = trial.body({ model, prompt, stream });

  const run = async () => {
    abort.current = new AbortController();
    setBusy(true);
    setProblem(null);
    setAnswer(null);
    const startedAt = performance.now();
    try {
      const response = await send("POST", path, body, { signal: abort.current.signal });
      await readAnswer(response, startedAt, setAnswer);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) setProblem(error);
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
        {problem !== null && (
          <Notice tone="bad" title={problem instanceof ApiError && problem.status ? `Rejected with ${problem.status}` : "No answer"}>
            {messageOf(problem)}
          </Notice>
        )}
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
