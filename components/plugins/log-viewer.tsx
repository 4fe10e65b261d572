"use client";

import { Button, Group, Select, Switch, TextInput } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import type { LogLine } from "../../server/plugins/contract/operations.ts";
import { get, messageOf } from "../api/http.ts";
import { download } from "../table/export.ts";
import { Notice } from "../ui/notice.tsx";
import classes from "./log-viewer.module.css";

const pollMs = 1500;
const keptLines = 2000;
const levels = ["trace", "debug", "info", "warn", "error"];

/** "2026-01-31 09:30:00.123", in UTC as the lines of other logs are. */
const timeOf = (at: string): string => new Date(at).toISOString().slice(0, 23).replace("T", " ");

const placeOf = (line: LogLine): string => line.edge_id ?? line.stream;

const asText = (lines: LogLine[]): string =>
  lines.map((line) => `${new Date(line.at).toISOString()} ${line.level} ${placeOf(line)} ${line.text}\n`).join("");

/** A plugin's log, followed live. */
export function LogViewer({ id, name }: { id: string; name: string }) {
  const [lines, setLines] = useState<LogLine[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [follow, setFollow] = useState(true);
  const [level, setLevel] = useState("trace");
  const [search, setSearch] = useState("");
  const view = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const abort = new AbortController();
    let after = 0;
    let timer: ReturnType<typeof setTimeout>;
    const read = async () => {
      // A hidden page does not poll.
      if (!document.hidden) {
        try {
          const { data } = await get<{ data: LogLine[] }>(`/api/v1/plugins/${id}/logs?after=${after}`, abort.signal);
          after = data.at(-1)?.seq ?? after;
          setLines((known) => [...(known ?? []), ...data].slice(-keptLines));
          setProblem(null);
        } catch (error) {
          if (abort.signal.aborted) return;
          setProblem(messageOf(error));
          setLines((known) => known ?? []);
        }
      }
      timer = setTimeout(() => void read(), pollMs);
    };
    void read();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [id]);

  const wanted = search.trim().toLowerCase();
  const shown = (lines ?? [])
    .filter((line) => levels.indexOf(line.level) >= levels.indexOf(level) || !levels.includes(line.level))
    .filter((line) => wanted === "" || line.text.toLowerCase().includes(wanted) || placeOf(line).toLowerCase().includes(wanted));
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are the trigger.
  useEffect(() => {
    if (follow && view.current) view.current.scrollTop = view.current.scrollHeight;
  }, [shown.length, follow]);

  return (
    <div>
      <Group gap="md" mb="xs">
        <Select
          aria-label="Minimum level"
          size="xs"
          w={140}
          allowDeselect={false}
          value={level}
          onChange={(value) => setLevel(value ?? "trace")}
          data={levels.map((each) => ({ value: each, label: each === "trace" ? "All levels" : `${each} and above` }))}
        />
        <TextInput
          aria-label="Search the log"
          placeholder="Search the log"
          size="xs"
          w={220}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        <Switch size="xs" label="Follow" checked={follow} onChange={(event) => setFollow(event.currentTarget.checked)} />
        <Button size="xs" variant="subtle" onClick={() => setLines([])}>
          Clear view
        </Button>
        <Button
          size="xs"
          variant="subtle"
          disabled={shown.length === 0}
          onClick={() => download(`${name}.log`, "text/plain;charset=utf-8", asText(shown))}
        >
          Download
        </Button>
      </Group>
      {problem && (
        <Notice tone="warn" title="The log could not be read">
          {problem}
        </Notice>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard. */}
      <div ref={view} className={classes.log} role="log" aria-label="Plugin log" tabIndex={0} aria-busy={lines === null}>
        {shown.map((line) => (
          <div key={line.seq} className={classes.line} data-level={line.level}>
            <time dateTime={line.at}>{timeOf(line.at)}</time>
            <span className={classes.level}>{line.level}</span>
            <span
              className={classes.stream}
              title={line.edge_id ? `${line.stream} at the gateway ${line.edge_id}` : `${line.stream} in the studio`}
            >
              {placeOf(line)}
            </span>
            <span className={classes.text}>{line.text}</span>
          </div>
        ))}
        {lines !== null && shown.length === 0 && (
          <p className={classes.none}>
            {lines.length === 0 ? "No log lines yet. They appear here as the plugin writes them." : "No line matches the level and search."}
          </p>
        )}
      </div>
    </div>
  );
}
