import { css, html, LitElement, nothing, type PropertyDeclarations } from "lit";
import { define } from "./define.ts";
import { base, token } from "./tokens.ts";

/** A button. `variant`: primary, secondary (default), danger, quiet. `type="submit"` submits the form around it. */
export class PButton extends LitElement {
  static formAssociated = true;
  static override shadowRootOptions = { ...LitElement.shadowRootOptions, delegatesFocus: true };
  static override properties: PropertyDeclarations = {
    variant: { reflect: true },
    type: {},
    label: {},
    disabled: { type: Boolean, reflect: true },
    busy: { type: Boolean, reflect: true },
  };
  declare variant: "primary" | "secondary" | "danger" | "quiet";
  declare type: "button" | "submit";
  /** The accessible name, when the visible text says too little, e.g. "Delete feedback from Ada". */
  declare label: string | undefined;
  declare disabled: boolean;
  /** Something is on its way: the button stays in place and does nothing. */
  declare busy: boolean;
  readonly #internals = this.attachInternals();

  constructor() {
    super();
    this.variant = "secondary";
    this.type = "button";
    this.disabled = false;
    this.busy = false;
  }

  #click = (event: Event) => {
    if (this.busy) return event.stopImmediatePropagation();
    if (this.type === "submit") this.#internals.form?.requestSubmit();
  };

  override render() {
    return html`<button
      part="button"
      type="button"
      ?disabled=${this.disabled}
      aria-label=${this.label ?? nothing}
      aria-busy=${this.busy}
      aria-disabled=${this.busy}
      @click=${this.#click}
    ><slot></slot></button>`;
  }

  static override styles = [
    base,
    css`
      :host {
        display: inline-block;
      }
      button {
        min-height: 32px;
        padding: 5px 12px;
        border: 1px solid ${token("line-strong")};
        border-radius: ${token("radius")};
        background: ${token("raised")};
        color: ${token("ink")};
        font: 500 14px / 20px ${token("font")};
        white-space: nowrap;
        cursor: pointer;
        transition: background-color 120ms ease-out;
      }
      button:hover {
        background: ${token("sunken")};
      }
      :host([variant="primary"]) button {
        border-color: ${token("accent")};
        background: ${token("accent")};
        color: ${token("accent-ink")};
      }
      :host([variant="primary"]) button:hover {
        background: color-mix(in oklab, ${token("accent")}, ${token("ink")} 14%);
      }
      :host([variant="danger"]) button {
        border-color: ${token("bad")};
        color: ${token("bad")};
      }
      :host([variant="quiet"]) button {
        border-color: transparent;
        background: transparent;
      }
      button:disabled,
      button[aria-disabled="true"] {
        cursor: default;
        opacity: 0.55;
      }
    `,
  ];
}
define("p-button", PButton);
