import { css, html, LitElement, nothing, type PropertyDeclarations } from "lit";
import { define } from "./define.ts";
import { base, token } from "./tokens.ts";

/** A surface with an optional heading; slot `actions` sits at the heading's end. */
export class PCard extends LitElement {
  static override properties: PropertyDeclarations = { heading: {} };
  declare heading: string | undefined;

  override render() {
    return html`<section part="card">
      ${this.heading ? html`<header><h2>${this.heading}</h2><slot name="actions"></slot></header>` : nothing}
      <slot></slot>
    </section>`;
  }

  static override styles = [
    base,
    css`
      section {
        padding: 16px;
        border: 1px solid ${token("line")};
        border-radius: 10px;
        background: ${token("raised")};
      }
      header {
        display: flex;
        align-items: center;
        justify-content: space-between;
        margin-bottom: 12px;
      }
    `,
  ];
}

/** A message that asks for attention. `tone`: bad (default), warn, good, info. Slot `actions` holds buttons. */
export class PAlert extends LitElement {
  static override properties: PropertyDeclarations = { tone: { reflect: true }, heading: {} };
  declare tone: "bad" | "warn" | "good" | "info";
  declare heading: string | undefined;

  constructor() {
    super();
    this.tone = "bad";
  }

  override render() {
    return html`<div part="alert" role=${this.tone === "bad" ? "alert" : "status"}>
      ${this.heading ? html`<strong>${this.heading}</strong>` : nothing}
      <slot></slot>
      <slot name="actions"></slot>
    </div>`;
  }

  static override styles = [
    base,
    css`
      div {
        padding: 10px 12px;
        border: 1px solid ${token("line")};
        border-inline-start: 3px solid ${token("bad")};
        border-radius: ${token("radius")};
        background: ${token("raised")};
      }
      :host([tone="warn"]) div {
        border-inline-start-color: ${token("warn")};
      }
      :host([tone="good"]) div {
        border-inline-start-color: ${token("good")};
      }
      :host([tone="info"]) div {
        border-inline-start-color: ${token("info")};
      }
      strong {
        display: block;
        font-weight: 600;
      }
      ::slotted([slot="actions"]) {
        margin-top: 8px;
      }
    `,
  ];
}

/** Something is loading; `label` says what. */
export class PSpinner extends LitElement {
  static override properties: PropertyDeclarations = { label: {} };
  declare label: string;

  constructor() {
    super();
    this.label = "Loading";
  }

  override render() {
    return html`<div role="status"><span class="ring"></span><span>${this.label}</span></div>`;
  }

  static override styles = [
    base,
    css`
      div {
        display: flex;
        gap: 8px;
        align-items: center;
        padding: 12px 0;
        color: ${token("ink-2")};
      }
      .ring {
        width: 14px;
        height: 14px;
        border: 2px solid ${token("line-strong")};
        border-top-color: ${token("accent")};
        border-radius: 50%;
        animation: turn 800ms linear infinite;
      }
      @keyframes turn {
        to {
          transform: rotate(1turn);
        }
      }
    `,
  ];
}

/** Nothing here yet: a heading, two sentences in the slot that teach what belongs here, and a button in slot `actions`. */
export class PEmpty extends LitElement {
  static override properties: PropertyDeclarations = { heading: {} };
  declare heading: string;

  constructor() {
    super();
    this.heading = "Nothing here yet";
  }

  override render() {
    return html`<div><h2>${this.heading}</h2><p class="quiet"><slot></slot></p><slot name="actions"></slot></div>`;
  }

  static override styles = [
    base,
    css`
      div {
        padding: 32px 16px;
        border: 1px dashed ${token("line-strong")};
        border-radius: 10px;
        text-align: center;
      }
      p {
        max-width: 56ch;
        margin: 4px auto 0;
      }
      ::slotted([slot="actions"]) {
        margin-top: 12px;
      }
    `,
  ];
}
define("p-card", PCard);
define("p-alert", PAlert);
define("p-spinner", PSpinner);
define("p-empty", PEmpty);
