import { css, define, html, messageOf, nothing, PorticoElement } from "@portico/plugin-ui";
import type { Rpc } from "../plugin.ts";
import { dayOf, type Feedback } from "./shared/feedback.ts";

const shortened = (text: string) => (text.length > 100 ? `${text.slice(0, 100)}…` : text);
const averageOf = (feedback: Feedback[]) =>
  feedback.length === 0 ? "–" : (feedback.reduce((sum, { rating }) => sum + rating, 0) / feedback.length).toFixed(1);

/** The admin page: how people feel, and every entry. */
class FeedbackAdminView extends PorticoElement {
  static override properties = { asked: { attribute: false }, fault: { attribute: false } };
  /** The entry that is about to be deleted. */
  declare asked: Feedback | undefined;
  declare fault: string;
  #all = this.rpc<Rpc>()("list_feedback");

  constructor() {
    super();
    this.fault = "";
  }

  #delete = async ({ id }: Feedback) => {
    this.asked = undefined;
    this.fault = "";
    try {
      const outcome = await this.call<Rpc>()("delete_feedback", { id });
      if (!outcome.success) this.fault = outcome.error;
    } catch (error) {
      this.fault = `The feedback was not deleted: ${messageOf(error)}`;
    }
    await this.#all.refresh();
  };

  #columns = [
    {
      key: "user",
      label: "User",
      nowrap: true,
      render: ({ user_name, user_email }: Feedback) =>
        html`${user_name || user_email}<br /><span style="font-size:12px">${user_email}</span>`,
    },
    { key: "title", label: "Title" },
    { key: "message", label: "Message", render: ({ message }: Feedback) => html`<span title=${message}>${shortened(message)}</span>` },
    { key: "rating", label: "Rating", render: ({ rating }: Feedback) => html`<p-rating readonly .value=${rating}></p-rating>` },
    {
      key: "created_at",
      label: "Date",
      nowrap: true,
      render: ({ created_at }: Feedback) =>
        html`<time datetime=${created_at} title=${new Date(created_at).toLocaleString()}>${dayOf(created_at)}</time>`,
    },
    {
      key: "actions",
      label: "Actions",
      hideLabel: true,
      render: (entry: Feedback) =>
        html`<p-button variant="quiet" label="Delete “${entry.title}”" @click=${() => this.#ask(entry)}>Delete</p-button>`,
    },
  ];

  #ask(entry: Feedback): void {
    this.asked = entry;
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>("#confirm")?.focus());
  }

  #question = (entry: Feedback) => html`<p-alert tone="warn" heading="Delete “${entry.title}” from ${entry.user_name || entry.user_email}?">
    Its words are erased and cannot be brought back.
    <div slot="actions" class="actions">
      <p-button id="confirm" variant="danger" @click=${() => this.#delete(entry)}>Delete feedback</p-button>
      <p-button @click=${() => (this.asked = undefined)}>Keep it</p-button>
    </div>
  </p-alert>`;

  #list = ({ feedback, total }: { feedback: Feedback[]; total: number }) => html`<div class="stats">
      <p-card><span class="quiet">Total</span><strong id="total">${total}</strong></p-card>
      <p-card><span class="quiet">Average rating</span><strong id="average">${averageOf(feedback)}</strong></p-card>
    </div>
    <p-table label="Feedback" .columns=${this.#columns} .rows=${feedback}>
      <p-empty heading="No feedback yet">
        People in the group Feedback find a form in the portal under Feedback. What they send appears here.
      </p-empty>
    </p-table>`;

  override render() {
    return html`<header>
        <h1>Feedback</h1>
        <p-button ?busy=${this.#all.isBusy} @click=${() => this.#all.refresh()}>Refresh</p-button>
      </header>
      ${this.fault ? html`<p-alert>${this.fault}</p-alert>` : nothing} ${this.asked ? this.#question(this.asked) : nothing}
      ${this.#all.render({
        pending: () => html`<p-spinner label="Loading feedback"></p-spinner>`,
        complete: this.#list,
        error: (error) => html`<p-alert heading="The feedback could not be loaded">${messageOf(error)}</p-alert>`,
      })}`;
  }

  static override styles = [
    PorticoElement.styles,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 16px;
      }
      header {
        display: flex;
        align-items: center;
        justify-content: space-between;
      }
      .stats {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(120px, 240px));
        gap: 12px;
        margin-bottom: 16px;
      }
      .stats strong {
        display: block;
        font-size: 26px;
        line-height: 34px;
        font-variant-numeric: tabular-nums;
      }
      .actions {
        display: flex;
        gap: 8px;
      }
    `,
  ];
}
define("feedback-admin-view", FeedbackAdminView);
