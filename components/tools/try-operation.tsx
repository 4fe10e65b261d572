"use client";

import { Button, Select, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { ToolTrial } from "../../server/tools/contract/call.ts";
import type { DefinitionAttributes, ToolOperationShape } from "../../server/tools/contract/definition.ts";
import type { ToolAttributes } from "../../server/tools/contract.ts";
import { ApiError, call, document, messageOf } from "../api/http.ts";
import { q } from "../api/query.ts";
import type { One, Resource } from "../api/types.ts";
import classes from "../llms/try-it.module.css";
import { CodeBlock } from "../ui/code.tsx";
import { formatCount, formatDuration } from "../ui/format.ts";
import { Failure, Notice } from "../ui/notice.tsx";
import { Facts, Section } from "../ui/page.tsx";
import { Status } from "../ui/status.tsx";
import { Route } from "./operation-picker.tsx";
import { ParameterField, sentValue } from "./parameter-field.tsx";
import { sampleOf } from "./schema-sample.ts";

/** What a tool's document offers, by the tool. */
export const definitionOf = (id: string) => q("tools", `/api/v1/tools/${id}/definition`);

/** Calls an operation of the tool and shows the request and the answer. */
export function TryOperation({ tool }: { tool: Resource<ToolAttributes> }) {
  const { data, error, refetch } = useQuery<One<DefinitionAttributes>>(definitionOf(tool.id));
  const allowed = (data?.data.attributes.operations ?? []).filter(({ operation_id }) => tool.attributes.operations.includes(operation_id));
  const [chosen, setChosen] = useState<string | null>(null);
  const operation = allowed.find(({ operation_id }) => operation_id === chosen) ?? allowed[0];
  if (error) return <Failure what="The operations" error={error} retry={() => void refetch()} />;
  if (!data) return null;
  if (!operation)
    return (
      <Notice tone="info" title="No operation is allowed">
        Allow operations on the tab Operations to try them.
      </Notice>
    );
  return (
    <>
      <div style={{ maxWidth: 520, marginBottom: 20 }}>
        <Select
          label="Operation"
          data={allowed.map(({ operation_id, summary }) => ({
            value: operation_id,
            label: summary ? `${operation_id}: ${summary}` : operation_id,
          }))}
          value={operation.operation_id}
          onChange={setChosen}
          searchable={allowed.length > 8}
          allowDeselect={false}
        />
      </div>
      <Trial key={operation.operation_id} tool={tool} operation={operation} />
    </>
  );
}

const isJson = (type: string): boolean => /json|form/.test(type) || type === "*/*";

function Trial({ tool, operation }: { tool: Resource<ToolAttributes>; operation: ToolOperationShape }) {
  const contents = operation.body?.contents ?? [];
  const [values, setValues] = useState<Record<string, string | string[]>>({});
  const [type, setType] = useState(contents.find((one) => isJson(one.type))?.type ?? contents[0]?.type ?? "");
  const content = contents.find((one) => one.type === type);
  const start = content
    ? isJson(type)
      ? JSON.stringify(content.example ?? sampleOf(content.schema), null, 2)
      : String(content.example ?? "")
    : "";
  const [bodies, setBodies] = useState<Record<string, string>>({});
  const body = bodies[type] ?? start;
  const [trial, setTrial] = useState<ToolTrial | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const abort = useRef<AbortController | null>(null);

  const run = async () => {
    setProblem(null);
    setTrial(null);
    const payload = readBody(content ? body : "", isJson(type));
    if (payload instanceof Error) return setProblem(payload);
    abort.current = new AbortController();
    setBusy(true);
    const parameters = Object.fromEntries(
      operation.parameters
        .map((one): [string, unknown] => [one.name, sentValue(one, values[one.name])])
        .filter(([, value]) => value !== undefined),
    );
    const asked = { operation_id: operation.operation_id, parameters, payload, ...(content ? { content_type: type } : {}) };
    try {
      const answer = await call<One<ToolTrial>>("POST", `/api/v1/tools/${tool.id}/try-operation`, document("tool-calls", asked), {
        signal: abort.current.signal,
      });
      setTrial(answer.data.attributes);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) setProblem(error);
    } finally {
      setBusy(false);
    }
  };

  const faultOf = (field: string): string | undefined =>
    problem instanceof ApiError ? problem.issues.find((issue) => issue.field === field)?.detail.replace(/^[^:]*: /, "") : undefined;
  const isPlaced =
    problem instanceof ApiError && problem.issues.some(({ field }) => field === "payload" || field.startsWith("parameters."));

  return (
    <div className={classes.columns}>
      <form
        className={classes.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <Route operation={operation} />
        {operation.description && <p className="quiet">{operation.description}</p>}
        {operation.parameters.map((parameter) => (
          <ParameterField
            key={`${parameter.in} ${parameter.name}`}
            parameter={parameter}
            value={values[parameter.name]}
            onChange={(value) => setValues((before) => ({ ...before, [parameter.name]: value }))}
            error={faultOf(`parameters.${parameter.name}`)}
          />
        ))}
        {contents.length > 1 && (
          <Select
            label="Body type"
            data={contents.map((one) => one.type)}
            value={type}
            onChange={(one) => setType(one ?? type)}
            allowDeselect={false}
          />
        )}
        {content && (
          <Textarea
            label="Body"
            description={[operation.body?.description, type].filter(Boolean).join(" · ")}
            required={operation.body?.required ?? false}
            autosize
            minRows={4}
            maxRows={20}
            spellCheck={false}
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
            value={body}
            onChange={(event) => {
              const { value } = event.currentTarget;
              setBodies((before) => ({ ...before, [type]: value }));
            }}
            error={faultOf("payload")}
          />
        )}
        <div className={classes.actions}>
          <Button type="submit" loading={busy}>
            Send request
          </Button>
          {busy && (
            <Button variant="default" onClick={() => abort.current?.abort()}>
              Stop
            </Button>
          )}
        </div>
      </form>
      <div aria-live="polite">
        {problem !== null && !isPlaced && (
          <Notice tone="bad" title="The request was not sent">
            {messageOf(problem)}
          </Notice>
        )}
        {trial ? (
          <Outcome trial={trial} />
        ) : (
          problem === null && <p className="quiet">{busy ? "Waiting for the answer…" : "The answer appears here."}</p>
        )}
      </div>
    </div>
  );
}

function readBody(text: string, isJsonBody: boolean): unknown {
  if (text.trim() === "") return undefined;
  if (!isJsonBody) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    return new Error(`The body is not JSON: ${messageOf(error)}`);
  }
}

const headerLines = (headers: Record<string, string>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function Outcome({ trial: { request, response, fault, duration_ms } }: { trial: ToolTrial }) {
  return (
    <>
      {fault && (
        <Notice tone="bad" title="There is no answer">
          {fault.message}
        </Notice>
      )}
      {response && (
        <>
          <Facts
            rows={[
              [
                "Status",
                <Status key="status" tone={response.status < 400 ? "good" : response.status < 500 ? "warn" : "bad"}>
                  {response.status}
                </Status>,
              ],
              [
                "Time",
                <span className="num" key="time">
                  {formatDuration(duration_ms)}
                </span>,
              ],
              ["Size", `${formatCount(response.bytes)} bytes`],
              ["Type", response.headers["content-type"]],
            ]}
          />
          <Section title="Answer">
            {response.bytes === 0 ? (
              <p className="quiet">The answer has no body.</p>
            ) : response.encoding === "text" ? (
              <CodeBlock code={pretty(response.body)} what="answer" maxHeight={420} />
            ) : (
              <p className="quiet">The answer is not text.</p>
            )}
          </Section>
          <Section title="Answer headers">
            <CodeBlock code={headerLines(response.headers)} what="answer headers" />
          </Section>
        </>
      )}
      {request && (
        <Section title="Request">
          <CodeBlock
            code={[
              `${request.method} ${request.url}`,
              headerLines(request.headers),
              ...(request.body === null ? [] : ["", pretty(request.body)]),
            ].join("\n")}
            what="request"
          />
        </Section>
      )}
    </>
  );
}
