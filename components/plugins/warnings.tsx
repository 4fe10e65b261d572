import { Notice } from "../ui/notice.tsx";

/** What does not work as the plugin expects although it runs. */
export function PluginWarnings({ warnings }: { warnings: string[] }) {
  if (warnings.length === 0) return null;
  return (
    <Notice tone="warn" title="Parts of this plugin do not work as it expects">
      <ul style={{ margin: 0, paddingLeft: 18 }}>
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </Notice>
  );
}
