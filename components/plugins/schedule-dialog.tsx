"use client";

import { Button, Group, Modal, NumberInput, Stack, Switch, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import type { ScheduleView } from "../../server/schedules/contract.ts";
import { ApiError, call, messageOf } from "../api/http.ts";
import { Notice } from "../ui/notice.tsx";
import { toast } from "../ui/toast.tsx";
import { parseObject } from "./json-object.ts";

type Values = {
  schedule_id: string;
  name: string;
  cron: string;
  timezone: string;
  timeout_seconds: number | string;
  retries: number | string;
  catch_up: boolean;
  config: string;
};

const valuesOf = (schedule: ScheduleView | undefined): Values => ({
  schedule_id: schedule?.schedule_id ?? "",
  name: schedule?.name ?? "",
  cron: schedule?.cron_expr ?? "",
  timezone: schedule?.timezone ?? "UTC",
  timeout_seconds: schedule?.timeout_seconds ?? 60,
  retries: schedule?.retries ?? 0,
  catch_up: schedule?.catch_up ?? true,
  config: schedule ? JSON.stringify(JSON.parse(schedule.config), null, 2) : "{}",
});

/** The API's names of fields where they differ. */
const fields: Record<string, keyof Values> = { cron_expr: "cron" };

/** Creates a schedule, or edits one: only what was changed is sent, so that the manifest keeps the rest. */
export function ScheduleDialog({
  path,
  schedule,
  onClose,
  onSaved,
}: {
  path: string;
  schedule: ScheduleView | undefined;
  onClose: () => void;
  onSaved: () => void;
}) {
  const form = useForm<Values>({
    initialValues: valuesOf(schedule),
    validate: {
      name: (name) => (name.trim() ? null : "Enter a name."),
      schedule_id: (id) => (id.trim() ? null : "Enter an id, e.g. nightly-report."),
      cron: (cron) => (cron.trim() ? null : "Enter a cron expression, e.g. 0 9 * * MON-FRI."),
      config: (config) => parseObject(config).problem,
    },
  });
  const save = useMutation({
    mutationFn: (values: Values) => {
      const { config, schedule_id, ...rest } = values;
      const body = { ...rest, config: parseObject(config).value ?? {} };
      if (!schedule) return call("POST", path, { schedule_id, ...body });
      const before = valuesOf(schedule);
      const changed = Object.entries(body).filter(([field]) => values[field as keyof Values] !== before[field as keyof Values]);
      return call("PUT", `${path}/${schedule.id}`, Object.fromEntries(changed));
    },
    onSuccess: (_, { name }) => {
      toast(`${name} ${schedule ? "saved" : "created"}`);
      onSaved();
    },
    onError: (error) => {
      if (!(error instanceof ApiError)) return;
      for (const { field, detail } of error.issues) form.setFieldError(fields[field] ?? field, detail);
    },
  });
  const placed = save.error instanceof ApiError && save.error.issues.some(({ field }) => (fields[field] ?? field) in form.values);
  return (
    <Modal
      opened
      onClose={onClose}
      title={schedule ? `Edit ${schedule.name}` : "Create schedule"}
      size={560}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
        <Stack gap={14}>
          {save.error && !placed && (
            <Notice tone="bad" title="Nothing was saved">
              {messageOf(save.error)}
            </Notice>
          )}
          <TextInput label="Name" required data-autofocus {...form.getInputProps("name")} />
          <TextInput
            label="Schedule id"
            description="What the plugin knows the task by."
            required
            disabled={schedule !== undefined}
            {...form.getInputProps("schedule_id")}
          />
          <TextInput
            label="When"
            description="Cron with five fields, or six with seconds first; @daily and the like; or @every 5m."
            placeholder="0 9 * * MON-FRI"
            required
            {...form.getInputProps("cron")}
          />
          <TextInput label="Time zone" description="An IANA name such as Europe/Berlin." {...form.getInputProps("timezone")} />
          <Group grow align="start">
            <NumberInput
              label="Timeout"
              description="A run that takes longer is cancelled."
              suffix=" s"
              min={1}
              max={86_400}
              allowDecimal={false}
              {...form.getInputProps("timeout_seconds")}
            />
            <NumberInput
              label="Retries"
              description="How often a failed run is tried again."
              min={0}
              max={10}
              allowDecimal={false}
              {...form.getInputProps("retries")}
            />
          </Group>
          <Switch
            label="Make up for missed runs"
            description="When Studio or the plugin was down, run once as soon as both are back."
            {...form.getInputProps("catch_up", { type: "checkbox" })}
          />
          <Textarea
            label="Configuration"
            description="A JSON object that the task is given."
            autosize
            minRows={3}
            maxRows={12}
            spellCheck={false}
            styles={{ input: { fontFamily: "var(--font-mono)" } }}
            {...form.getInputProps("config")}
          />
          <Group justify="flex-end" gap={8}>
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={save.isPending}>
              {schedule ? "Save schedule" : "Create schedule"}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
