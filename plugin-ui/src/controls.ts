import { css, html, LitElement, nothing, type PropertyDeclarations, type PropertyValues } from "lit";
import { define } from "./define.ts";
import { base, token } from "./tokens.ts";

/**
 * What all controls share: they take part in forms, and learn their accessible name and description from the `p-field`
 * around them, since an id cannot be referred to across shadow roots.
 */
export abstract class PControl<Value> extends LitElement {
  static formAssociated = true;
  static override shadowRootOptions = { ...LitElement.shadowRootOptions, delegatesFocus: true };
  static override properties: PropertyDeclarations = {
    label: {},
    description: {},
    name: { reflect: true },
    value: {},
    required: { type: Boolean, reflect: true },
    disabled: { type: Boolean, reflect: true },
    invalid: { type: Boolean, reflect: true },
  };
  /** The accessible name; a `p-field` sets it. */
  declare label: string | undefined;
  /** Help and errors, read out after the name; a `p-field` sets it. */
  declare description: string | undefined;
  declare name: string | undefined;
  declare value: Value;
  declare required: boolean;
  declare disabled: boolean;
  /** Marks the value as wrong; a `p-field` with an error sets it. */
  declare invalid: boolean;
  protected readonly internals = this.attachInternals();

  constructor() {
    super();
    this.required = false;
    this.disabled = false;
    this.invalid = false;
  }

  /** The value as the form around the control sends it. */
  protected abstract formValue(): string | null;

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    if (changed.has("value")) this.internals.setFormValue(this.formValue());
  }

  /** Tells listeners about a value the person chose; native change events do not leave a shadow root. */
  protected announce(): void {
    this.dispatchEvent(new Event("change", { bubbles: true, composed: true }));
  }

  /** The description where a control of the same shadow root can refer to it: `aria-describedby="description"`. */
  protected renderDescription() {
    return html`<span id="description" hidden>${this.description}</span>`;
  }

  formDisabledCallback(disabled: boolean): void {
    this.disabled = disabled;
  }
}

const boxStyles = css`
  input,
  textarea {
    width: 100%;
    min-height: 36px;
    padding: 7px 10px;
    border: 1px solid ${token("line-control")};
    border-radius: ${token("radius")};
    background: ${token("raised")};
    color: inherit;
    font: inherit;
  }
  textarea {
    min-height: 108px;
    resize: vertical;
  }
  ::placeholder {
    color: ${token("ink-3")};
    opacity: 1;
  }
  :host([invalid]) :is(input, textarea) {
    border-color: ${token("bad")};
  }
  :disabled {
    background: ${token("sunken")};
    color: ${token("ink-2")};
  }
`;

abstract class PTextControl extends PControl<string> {
  static override properties: PropertyDeclarations = { placeholder: {}, maxlength: { type: Number } };
  declare placeholder: string | undefined;
  /** Most characters that can be typed. */
  declare maxlength: number | undefined;

  constructor() {
    super();
    this.value = "";
  }

  protected override formValue(): string {
    return this.value;
  }

  formResetCallback(): void {
    this.value = this.getAttribute("value") ?? "";
  }

  protected onInput = (event: Event) => {
    this.value = (event.target as HTMLInputElement | HTMLTextAreaElement).value;
  };
}

/** One line of text. `type` is that of a native input: text (default), email, number, password, search, url. */
export class PInput extends PTextControl {
  static override properties: PropertyDeclarations = { type: {}, autocomplete: {} };
  static override styles = [base, boxStyles];
  declare type: string;
  declare autocomplete: AutoFill | undefined;

  constructor() {
    super();
    this.type = "text";
  }

  /** Enter submits the form, as in a native input. */
  #key = (event: KeyboardEvent) => {
    if (event.key === "Enter" && !event.isComposing) this.internals.form?.requestSubmit();
  };

  override render() {
    return html`<input
      part="control"
      type=${this.type}
      .value=${this.value}
      ?required=${this.required}
      ?disabled=${this.disabled}
      placeholder=${this.placeholder ?? nothing}
      maxlength=${this.maxlength ?? nothing}
      autocomplete=${this.autocomplete ?? nothing}
      aria-label=${this.label ?? nothing}
      aria-describedby=${this.description ? "description" : nothing}
      aria-invalid=${this.invalid}
      @input=${this.onInput}
      @change=${this.announce}
      @keydown=${this.#key}
    />${this.renderDescription()}`;
  }
}

/** Several lines of text. */
export class PTextarea extends PTextControl {
  static override properties: PropertyDeclarations = { rows: { type: Number } };
  static override styles = [base, boxStyles];
  declare rows: number;

  constructor() {
    super();
    this.rows = 4;
  }

  override render() {
    return html`<textarea
      part="control"
      rows=${this.rows}
      .value=${this.value}
      ?required=${this.required}
      ?disabled=${this.disabled}
      placeholder=${this.placeholder ?? nothing}
      maxlength=${this.maxlength ?? nothing}
      aria-label=${this.label ?? nothing}
      aria-describedby=${this.description ? "description" : nothing}
      aria-invalid=${this.invalid}
      @input=${this.onInput}
      @change=${this.announce}
    ></textarea>${this.renderDescription()}`;
  }
}
define("p-input", PInput);
define("p-textarea", PTextarea);
