import { Notice } from "../ui/notice.tsx";

/** What an administrator should know of a plugin although it runs. */
export function PluginWarnings({ warnings }: { warnings: string[] }) {
  if (warnings.length === 0) return null;
  return (
    <Notice tone="warn" title="Parts of this plugin work differently or not yet">
      <ul style={{ margin: 0, paddingLeft: 18 }}>
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </Notice>
  );
}
