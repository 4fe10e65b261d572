import { css, html, LitElement, nothing, type PropertyDeclarations, type PropertyValues } from "lit";
import { PControl } from "./controls.ts";
import { define } from "./define.ts";
import { base, token } from "./tokens.ts";

/**
 * A control with its visible label, help and error: `<p-field label="Title" error=${fault}><p-input></p-input></p-field>`.
 * The control gets the same texts as its accessible name and description.
 */
export class PField extends LitElement {
  static override properties: PropertyDeclarations = { label: {}, hint: {}, error: {}, required: { type: Boolean } };
  declare label: string;
  declare hint: string | undefined;
  /** What is wrong and what would be right; announced when it appears. */
  declare error: string | undefined;
  declare required: boolean;

  constructor() {
    super();
    this.label = "";
    this.required = false;
  }

  get #control(): HTMLElement | undefined {
    return this.querySelector<HTMLElement>(":scope > *") ?? undefined;
  }

  protected override updated(_changed: PropertyValues): void {
    this.#instruct();
  }

  #instruct = () => {
    const control = this.#control;
    if (!control) return;
    const description = [this.error, this.hint].filter(Boolean).join(" ");
    if (control instanceof PControl || "internals" in control) {
      Object.assign(control, { label: this.label, description, invalid: Boolean(this.error), required: this.required });
      return;
    }
    control.setAttribute("aria-label", this.label);
    control.setAttribute("aria-description", description);
    control.setAttribute("aria-invalid", String(Boolean(this.error)));
  };

  override render() {
    return html`
      <div class="label" aria-hidden="true" @click=${() => this.#control?.focus()}>
        ${this.label}${this.required ? html`<span class="required"> *</span>` : nothing}
      </div>
      <slot @slotchange=${this.#instruct}></slot>
      ${this.hint ? html`<p class="hint" aria-hidden="true">${this.hint}</p>` : nothing}
      <p class="error" role="alert">${this.error ? this.error : nothing}</p>
    `;
  }

  static override styles = [
    base,
    css`
      .label {
        margin-bottom: 4px;
        font-size: 13px;
        font-weight: 500;
      }
      .required {
        color: ${token("ink-3")};
      }
      .error {
        color: ${token("bad")};
      }
      .hint {
        margin-top: 4px;
        color: ${token("ink-2")};
        font-size: 13px;
      }
      .error {
        margin-top: 4px;
        font-size: 13px;
      }
      .error:empty {
        display: none;
      }
    `,
  ];
}
define("p-field", PField);
