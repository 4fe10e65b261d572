"use client";

import { ActionIcon, Button, NumberInput, SegmentedControl, Select, Switch, Textarea, TextInput } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import type { ReactNode } from "react";
import classes from "./model-routers.module.css";
import { newVendor, type PoolValues, type VendorValues } from "./pools.ts";

type LlmChoice = { value: string; label: string };

/** One pool of a router: which models it takes, and its LLMs. Errors are found by their place in the form. */
export function PoolFields({
  pool,
  at,
  llms,
  errorAt,
  onChange,
  onRemove,
}: {
  pool: PoolValues;
  at: number;
  llms: LlmChoice[];
  errorAt: (path: string) => ReactNode;
  onChange: (pool: PoolValues) => void;
  onRemove: (() => void) | undefined;
}) {
  const path = `pools.${at}`;
  const change = (changes: Partial<PoolValues>) => onChange({ ...pool, ...changes });
  const changeVendor = (index: number, changes: Partial<VendorValues>) =>
    change({ vendors: pool.vendors.map((vendor, i) => (i === index ? { ...vendor, ...changes } : vendor)) });
  return (
    <fieldset className={classes.pool}>
      <legend className={classes.legend}>Pool {at + 1}</legend>
      <div className={classes.pair}>
        <TextInput
          label="Pool name"
          required
          data-path={`${path}.name`}
          value={pool.name}
          error={errorAt(`${path}.name`)}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        <TextInput
          label="Models"
          description="Patterns, separated by commas."
          placeholder="claude-*"
          required
          data-path={`${path}.model_pattern`}
          value={pool.model_pattern}
          error={errorAt(`${path}.model_pattern`)}
          onChange={(event) => change({ model_pattern: event.currentTarget.value })}
        />
      </div>
      <div className={classes.pair}>
        <NumberInput
          label="Priority"
          description="Higher ones are looked at first."
          allowDecimal={false}
          value={pool.priority}
          error={errorAt(`${path}.priority`)}
          onChange={(priority) => change({ priority })}
        />
        <div>
          <SegmentedControl
            aria-label="Selection"
            data={[
              { value: "round_robin", label: "By turn" },
              { value: "weighted", label: "By weight" },
            ]}
            value={pool.selection_algorithm}
            onChange={(selection_algorithm) => change({ selection_algorithm: selection_algorithm as PoolValues["selection_algorithm"] })}
          />
        </div>
      </div>
      {pool.vendors.map((vendor, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an LLM may stand twice in a pool; its place is what it is known by.
        <div className={classes.vendor} key={index}>
          <Select
            label="LLM"
            data={llms}
            searchable
            allowDeselect={false}
            data-path={`${path}.vendors.${index}.llm_id`}
            value={vendor.llm_id || null}
            error={errorAt(`${path}.vendors.${index}.llm_id`)}
            onChange={(id) => changeVendor(index, { llm_id: id ?? "" })}
          />
          {pool.selection_algorithm === "weighted" && (
            <NumberInput
              label="Weight"
              min={1}
              allowDecimal={false}
              value={vendor.weight}
              error={errorAt(`${path}.vendors.${index}.weight`)}
              onChange={(weight) => changeVendor(index, { weight })}
            />
          )}
          <Textarea
            label="Model names"
            description="One mapping a line: asked for = sent."
            placeholder="fast = gpt-4o-mini"
            autosize
            minRows={1}
            value={vendor.mappings}
            error={errorAt(`${path}.vendors.${index}.mappings`)}
            onChange={(event) => changeVendor(index, { mappings: event.currentTarget.value })}
          />
          <Switch
            label="Active"
            checked={vendor.active}
            onChange={(event) => changeVendor(index, { active: event.currentTarget.checked })}
          />
          {pool.vendors.length > 1 && (
            <ActionIcon
              aria-label={`Remove LLM ${index + 1} of pool ${at + 1}`}
              onClick={() => change({ vendors: pool.vendors.toSpliced(index, 1) })}
            >
              <IconTrash size={16} />
            </ActionIcon>
          )}
        </div>
      ))}
      <div className={classes.actions}>
        <Button variant="default" size="xs" onClick={() => change({ vendors: [...pool.vendors, newVendor()] })}>
          Add LLM
        </Button>
        {onRemove && (
          <Button variant="subtle" size="xs" onClick={onRemove}>
            Remove pool
          </Button>
        )}
      </div>
    </fieldset>
  );
}
