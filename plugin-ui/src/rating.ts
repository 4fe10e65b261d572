import { css, html, nothing, type PropertyDeclarations } from "lit";
import { PControl } from "./controls.ts";
import { define } from "./define.ts";
import { base, token } from "./tokens.ts";

const most = 5;
const steps = Array.from({ length: most }, (_, i) => i + 1);
const star = "M12 2.5l2.9 6.1 6.6.9-4.8 4.6 1.2 6.6L12 17.5l-5.9 3.2 1.2-6.6L2.5 9.5l6.6-.9z";

/** One to five stars. Native radio buttons underneath, so arrow keys work; `readonly` shows a value. */
export class PRating extends PControl<number> {
  static override properties: PropertyDeclarations = { value: { type: Number }, readonly: { type: Boolean, reflect: true } };
  /** Shows the value and takes none. */
  declare readonly: boolean;

  constructor() {
    super();
    this.value = 0;
    this.readonly = false;
  }

  protected override formValue(): string | null {
    return this.value === 0 ? null : String(this.value);
  }

  formResetCallback(): void {
    this.value = 0;
  }

  #choose(value: number): void {
    this.value = value;
    this.announce();
  }

  #star = (value: number) =>
    html`<svg viewBox="0 0 24 24" aria-hidden="true" class=${value <= this.value ? "lit" : ""}><path d=${star} /></svg>`;

  override render() {
    if (this.readonly) return html`<span class="stars" role="img" aria-label="${this.value} of ${most}">${steps.map(this.#star)}</span>`;
    return html`<div
      class="stars"
      role="radiogroup"
      aria-label=${this.label ?? "Rating"}
      aria-describedby=${this.description ? "description" : nothing}
      aria-invalid=${this.invalid}
      aria-required=${this.required}
    >
      ${steps.map(
        (value) => html`<label>
          <input
            type="radio"
            name="rating"
            .checked=${value === this.value}
            ?disabled=${this.disabled}
            aria-label="${value} of ${most}"
            @change=${() => this.#choose(value)}
          />
          ${this.#star(value)}
        </label>`,
      )}
    </div>${this.renderDescription()}`;
  }

  static override styles = [
    base,
    css`
      :host([readonly]) {
        display: inline-block;
        flex: none;
        min-width: max-content;
      }
      .stars {
        display: inline-flex;
      }
      label {
        position: relative;
        padding: 4px;
        cursor: pointer;
      }
      input {
        position: absolute;
        inset: 0;
        margin: 0;
        opacity: 0;
        cursor: inherit;
      }
      svg {
        display: block;
        width: 24px;
        height: 24px;
        fill: transparent;
        stroke: ${token("ink-3")};
        stroke-width: 1.5;
        stroke-linejoin: round;
        transition: fill 120ms ease-out;
      }
      :host([readonly]) svg {
        width: 16px;
        height: 16px;
      }
      :host([invalid]) svg {
        stroke: ${token("bad")};
      }
      svg.lit {
        fill: ${token("warn")};
        stroke: ${token("warn")};
      }
      input:focus-visible + svg {
        outline: 2px solid ${token("accent")};
        outline-offset: 1px;
        border-radius: 4px;
      }
    `,
  ];
}
define("p-rating", PRating);
