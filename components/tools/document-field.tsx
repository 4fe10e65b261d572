"use client";

import { Button, FileButton, Textarea, TextInput } from "@mantine/core";
import { useRef, useState } from "react";
import type { CheckedDocument } from "../../server/tools/contract/definition.ts";
import { messageOf } from "../api/http.ts";
import { plural } from "../ui/format.ts";
import { Notice } from "../ui/notice.tsx";
import classes from "./document-field.module.css";
import { checkDocument } from "./use-document-check.ts";

/** An OpenAPI document by paste, file or URL, with what the server finds in it. */
export function DocumentField({
  value,
  onChange,
  checked,
  checking,
  checkError,
  error,
}: {
  value: string;
  /** @param base where calls go, for a fetched document whose server is relative. */
  onChange: (text: string, base?: string) => void;
  checked: CheckedDocument | undefined;
  checking: boolean;
  checkError: unknown;
  error: React.ReactNode;
}) {
  const [url, setUrl] = useState("");
  const [fetching, setFetching] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const area = useRef<HTMLTextAreaElement>(null);

  const fetchUrl = async () => {
    setFetching(true);
    setProblem(null);
    try {
      const found = await checkDocument({ url });
      onChange(found.text ?? "", found.base_url);
    } catch (failure) {
      setProblem(messageOf(failure).replace(/^url: /, "The URL "));
    } finally {
      setFetching(false);
    }
  };

  const readFile = async (file: File | null) => {
    if (!file) return;
    setProblem(null);
    try {
      onChange(await file.text());
    } catch {
      setProblem(`${file.name} cannot be read.`);
    }
  };

  const goTo = (line: number | null) => {
    const node = area.current;
    if (!node || line === null) return;
    const lines = node.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    node.focus();
    node.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
    node.scrollTop = Math.max(0, (line - 4) * 20);
  };

  return (
    <>
      <div className={classes.source}>
        <FileButton onChange={(file) => void readFile(file)} accept=".json,.yaml,.yml,application/json,application/yaml,text/yaml">
          {(props) => (
            <Button variant="default" {...props}>
              Upload file
            </Button>
          )}
        </FileButton>
        <TextInput
          className={classes.url}
          label="From a URL"
          placeholder="https://api.example.com/openapi.json"
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            if (url.trim() !== "") void fetchUrl();
          }}
        />
        <Button variant="default" loading={fetching} disabled={url.trim() === ""} onClick={() => void fetchUrl()}>
          Fetch
        </Button>
      </div>
      {problem && (
        <Notice tone="bad" title="The document could not be read">
          {problem}
        </Notice>
      )}
      <Textarea
        ref={area}
        className={classes.text}
        label="OpenAPI document"
        description="OpenAPI 3.0, 3.1 or Swagger 2, as JSON or YAML, up to 1 MiB."
        placeholder={'openapi: 3.1.0\ninfo:\n  title: Tickets\n  version: "1"\npaths: …'}
        required
        autosize
        minRows={8}
        maxRows={24}
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        error={error}
        data-path="oas_spec"
      />
      <div aria-live="polite">
        {checkError ? (
          <Notice tone="bad" title="The document could not be checked">
            {messageOf(checkError)}
          </Notice>
        ) : (
          checked && <Findings checked={checked} goTo={goTo} />
        )}
        {checking && !checked && <p className="quiet">Checking…</p>}
      </div>
    </>
  );
}

function Findings({ checked, goTo }: { checked: CheckedDocument; goTo: (line: number | null) => void }) {
  const { faults, definition, dialect, valid } = checked;
  const what =
    definition &&
    `${dialect.startsWith("Swagger") ? dialect : `OpenAPI ${dialect}`}: ${definition.title} ${definition.document_version}, ${plural(definition.operations.length, "operation")}.`;
  if (faults.length === 0) return <p className="quiet">{what}</p>;
  return (
    <Notice
      tone={valid ? "warn" : "bad"}
      title={valid ? `${what} ${plural(faults.length, "warning")}` : `The document has ${plural(faults.length, "fault")}`}
    >
      <ul className={classes.faults}>
        {faults.map((fault) => (
          <li key={`${fault.line}-${fault.column}-${fault.path}-${fault.message}`}>
            <button type="button" className={classes.fault} onClick={() => goTo(fault.line)}>
              <span className="num">{fault.line === null ? "" : `Line ${fault.line}`}</span>
              <span>
                {fault.path && <span className={classes.place}>{fault.path}</span>}
                {fault.message}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </Notice>
  );
}
