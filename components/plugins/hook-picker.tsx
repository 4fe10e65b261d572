import { MultiSelect } from "@mantine/core";
import { hookTypes } from "@portico/protocol/hooks";
import { hookLabel } from "./hooks.tsx";

/** Hooks of a plugin whose manifest does not declare them. */
export function HookPicker({ value, onChange }: { value: string[]; onChange: (hooks: string[]) => void }) {
  return (
    <MultiSelect
      label="Hooks"
      description="The points at which the plugin is called; its documentation names them."
      data={hookTypes.map((hook) => ({ value: hook, label: `${hook} (${hookLabel(hook)})` }))}
      value={value}
      onChange={onChange}
      required
      searchable
    />
  );
}
