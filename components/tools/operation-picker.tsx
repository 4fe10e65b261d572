"use client";

import { Button, Checkbox } from "@mantine/core";
import type { ToolOperationShape } from "../../server/tools/contract/definition.ts";
import { formatCount } from "../ui/format.ts";
import classes from "./operation-picker.module.css";

/** Method and path of an operation, as documentation shows them. */
export function Route({ operation }: { operation: Pick<ToolOperationShape, "method" | "path"> }) {
  return (
    <span>
      <span className={classes.method}>{operation.method}</span>
      <span className={classes.path}>{operation.path}</span>
    </span>
  );
}

/** Which operations of a document may be called. */
export function OperationPicker({
  operations,
  value,
  onChange,
  error,
}: {
  operations: ToolOperationShape[];
  value: string[];
  onChange: (ids: string[]) => void;
  error: React.ReactNode;
}) {
  const allowed = new Set(value);
  const known = new Set(operations.map(({ operation_id }) => operation_id));
  const unknown = value.filter((id) => !known.has(id));
  return (
    <div data-path="operations" tabIndex={-1}>
      <div className={classes.head}>
        <span className="quiet">
          {formatCount(value.length - unknown.length)} of {formatCount(operations.length)} allowed
        </span>
        <span>
          <Button variant="subtle" size="xs" onClick={() => onChange(operations.map(({ operation_id }) => operation_id))}>
            Allow all
          </Button>
          <Button variant="subtle" size="xs" onClick={() => onChange([])}>
            Clear
          </Button>
        </span>
      </div>
      <fieldset className={classes.list} style={{ border: 0, margin: 0 }} aria-label="Allowed operations">
        {operations.map((operation) => (
          <Checkbox
            key={operation.operation_id}
            checked={allowed.has(operation.operation_id)}
            onChange={(event) =>
              onChange(
                event.currentTarget.checked ? [...value, operation.operation_id] : value.filter((id) => id !== operation.operation_id),
              )
            }
            label={operation.operation_id}
            description={
              <>
                <Route operation={operation} /> {operation.deprecated ? "Deprecated. " : ""}
                {operation.summary}
              </>
            }
          />
        ))}
        {unknown.map((id) => (
          <Checkbox
            key={id}
            checked
            onChange={() => onChange(value.filter((one) => one !== id))}
            label={id}
            description="The document has no such operation. Clear it to save."
          />
        ))}
      </fieldset>
      {error && <div className="mantine-InputWrapper-error">{error}</div>}
    </div>
  );
}
