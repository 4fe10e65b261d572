import { describeCapability, type Risk } from "@portico/protocol/capabilities";
import { Status, type Tone } from "../ui/status.tsx";
import classes from "./scopes.module.css";

const order: Record<Risk, number> = { high: 0, medium: 1, low: 2 };
const tones: Record<Risk, Tone> = { high: "bad", medium: "warn", low: "good" };
const words: Record<Risk, string> = { high: "High", medium: "Medium", low: "Low" };

type Row = { name: string; text: string; risk: Risk; pending: boolean };

/** One row for each capability, the riskiest first; the methods of a plugin's pages share one. */
function rowsOf(capabilities: string[], pending: string[]): Row[] {
  const isMethod = (one: string) => one.startsWith("rpc:") && one !== "rpc:call";
  const named = capabilities.filter((one) => !isMethod(one));
  const methods = capabilities.filter(isMethod);
  const rows = named.map((name): Row => ({ name, ...describeCapability(name), pending: pending.includes(name) }));
  if (methods.length > 0) {
    const names = methods.map((one) => one.slice("rpc:".length));
    rows.push({
      name: "rpc",
      risk: "low",
      text: `Answer its pages: ${names.join(", ")}`,
      pending: methods.some((one) => pending.includes(one)),
    });
  }
  return rows.sort((a, b) => order[a.risk] - order[b.risk] || a.name.localeCompare(b.name));
}

/**
 * The permissions of a plugin, the riskiest first.
 * @param pending those not approved yet; without it the approval column is left out.
 */
export function ScopeList({ capabilities, pending }: { capabilities: string[]; pending?: string[] }) {
  return (
    <table className={classes.scopes}>
      <thead>
        <tr>
          <th scope="col">Permission</th>
          <th scope="col">Allows the plugin to</th>
          <th scope="col">Risk</th>
          {pending && <th scope="col">Approval</th>}
        </tr>
      </thead>
      <tbody>
        {rowsOf(capabilities, pending ?? []).map((row) => (
          <tr key={row.name}>
            <th scope="row">
              <code>{row.name}</code>
            </th>
            <td className={classes.meaning}>{row.text}</td>
            <td>
              <Status tone={tones[row.risk]}>{words[row.risk]}</Status>
            </td>
            {pending && <td>{row.pending ? <Status tone="warn">Not approved</Status> : <Status tone="good">Approved</Status>}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
