import { css, html, LitElement, nothing, type PropertyDeclarations } from "lit";
import { define } from "./define.ts";
import { base, token } from "./tokens.ts";

/** A column: what it is called and how a row's cell looks; default is the row's value under `key`. */
export type PColumn<Row> = {
  key: string;
  label: string;
  /** `end` for numbers. */
  align?: "start" | "end";
  /** Keeps a cell on one line: dates, ids, buttons. */
  nowrap?: boolean;
  /** Hides the column's heading from the eye, not from screen readers: for buttons. */
  hideLabel?: boolean;
  render?: (row: Row) => unknown;
};

/** A table: `.columns` and `.rows` are set as properties, `label` says what it lists. The slot is shown without rows. */
export class PTable<Row = Record<string, unknown>> extends LitElement {
  static override properties: PropertyDeclarations = { columns: { attribute: false }, rows: { attribute: false }, label: {} };
  declare columns: PColumn<Row>[];
  declare rows: Row[];
  declare label: string;

  constructor() {
    super();
    this.columns = [];
    this.rows = [];
    this.label = "Table";
  }

  #cell = (column: PColumn<Row>, row: Row) => {
    const value = column.render ? column.render(row) : (row as Record<string, unknown>)[column.key];
    return html`<td class="${column.align ?? "start"} ${column.nowrap ? "nowrap" : ""}">${value ?? nothing}</td>`;
  };

  override render() {
    if (this.rows.length === 0) return html`<slot></slot>`;
    const heading = ({ label, align = "start", hideLabel }: PColumn<Row>) =>
      html`<th scope="col" class=${align}>${hideLabel ? html`<span class="visually-hidden">${label}</span>` : label}</th>`;
    return html`<div class="scroll" role="region" aria-label=${this.label} tabindex="0">
      <table>
        <thead>
          <tr>${this.columns.map(heading)}</tr>
        </thead>
        <tbody>
          ${this.rows.map((row) => html`<tr>${this.columns.map((column) => this.#cell(column, row))}</tr>`)}
        </tbody>
      </table>
    </div>`;
  }

  static override styles = [
    base,
    css`
      .scroll {
        position: relative;
        overflow-x: auto;
        border: 1px solid ${token("line")};
        border-radius: 10px;
        background: ${token("raised")};
      }
      table {
        width: 100%;
        border-collapse: collapse;
      }
      th,
      td {
        height: 36px;
        padding: 6px 12px;
        border-bottom: 1px solid ${token("line")};
        text-align: start;
        vertical-align: middle;
        overflow-wrap: break-word;
      }
      td {
        min-width: 14ch;
        max-width: 44ch;
      }
      .nowrap {
        white-space: nowrap;
      }
      th {
        color: ${token("ink-2")};
        font-size: 12px;
        font-weight: 500;
        white-space: nowrap;
      }
      .end {
        text-align: end;
        font-family: ${token("mono")};
        font-variant-numeric: tabular-nums;
      }
      tbody tr:last-child td {
        border-bottom: 0;
      }
      tbody tr:hover {
        background: ${token("sunken")};
      }
    `,
  ];
}
define("p-table", PTable);
