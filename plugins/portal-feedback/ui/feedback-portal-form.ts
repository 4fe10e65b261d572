import { css, define, html, messageOf, nothing, type PInput, PorticoElement, type PRating, type PTextarea } from "@portico/plugin-ui";
import type { PortalRpc } from "../plugin.ts";
import { dayOf, type Feedback } from "./shared/feedback.ts";

type Draft = Pick<Feedback, "title" | "rating" | "message">;
type Faults = Partial<Record<keyof Draft, string>>;

/** What is missing, by field and in the form's order. */
const faultsOf = ({ title, rating, message }: Draft): Faults => ({
  ...(title.trim() === "" ? { title: "Give it a title." } : {}),
  ...(rating === 0 ? { rating: "Choose one to five stars." } : {}),
  ...(message.trim() === "" ? { message: "Write what you want to say." } : {}),
});

/** The portal page: a form, and what this person said before. */
class FeedbackPortalForm extends PorticoElement {
  static override properties = { state: { attribute: false }, fault: { attribute: false }, faults: { attribute: false } };
  declare state: "ready" | "sending" | "sent";
  /** Why nothing was sent, when no field is to blame. */
  declare fault: string;
  declare faults: Faults;
  #mine = this.rpc<PortalRpc>()("my_feedback");

  constructor() {
    super();
    this.state = "ready";
    this.fault = "";
    this.faults = {};
  }

  #control = <T extends HTMLElement>(name: string) => this.renderRoot.querySelector<T>(`[name=${name}]`);

  #submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (this.state === "sending") return;
    const form = event.target as HTMLFormElement;
    const title = this.#control<PInput>("title")?.value ?? "";
    const message = this.#control<PTextarea>("message")?.value ?? "";
    const rating = this.#control<PRating>("rating")?.value ?? 0;
    const draft = { title, message, rating };
    this.faults = faultsOf(draft);
    this.fault = "";
    const [first] = Object.keys(this.faults);
    if (first) {
      this.state = "ready";
      // Once the field has its error, so that it is read out with it.
      requestAnimationFrame(() => this.#control(first)?.focus());
      return;
    }
    this.state = "sending";
    try {
      const outcome = await this.call<PortalRpc>()("submit_feedback", draft);
      this.state = outcome.success ? "sent" : "ready";
      if (!outcome.success) {
        this.fault = outcome.error;
        return;
      }
      form.reset();
      await this.#mine.refresh();
    } catch (error) {
      this.state = "ready";
      this.fault = `Your feedback was not sent: ${messageOf(error)}`;
    }
  };

  /** A field that was mended is not blamed any longer. */
  #mend = (event: Event) => {
    const name = (event.target as HTMLElement).getAttribute("name");
    this.faults = { ...this.faults, [name ?? ""]: undefined };
  };

  override render() {
    // Whoever may not read their feedback may not give any: the page then says why instead of showing a form.
    if (this.#mine.state === "error") {
      return html`<h1>Give feedback</h1>
        <p-alert heading="This page is not available to you">${messageOf(this.#mine.error)}</p-alert>`;
    }
    return html`<h1>Give feedback</h1>
      <p-card>
        <form @submit=${this.#submit} @change=${this.#mend}>
          <p-field label="Title" required .error=${this.faults.title}><p-input name="title" maxlength="200"></p-input></p-field>
          <p-field label="Rating" required .error=${this.faults.rating}><p-rating name="rating"></p-rating></p-field>
          <p-field label="Message" required hint="What works, what does not, and what you miss." .error=${this.faults.message}>
            <p-textarea name="message" maxlength="5000"></p-textarea>
          </p-field>
          ${this.fault ? html`<p-alert>${this.fault}</p-alert>` : nothing}
          ${this.state === "sent" ? html`<p-alert tone="good">Thank you. Your feedback has been sent.</p-alert>` : nothing}
          <div><p-button variant="primary" type="submit" ?busy=${this.state === "sending"}>Send feedback</p-button></div>
        </form>
      </p-card>
      <h2>Your feedback so far</h2>
      ${this.#mine.render({
        pending: () => html`<p-spinner label="Loading your feedback"></p-spinner>`,
        complete: ({ feedback }) =>
          feedback.length > 0
            ? html`<ul>${feedback.map(this.#entry)}</ul>`
            : html`<p-empty heading="Nothing sent yet">What you send appears here, so that you can look it up later.</p-empty>`,
      })}`;
  }

  #entry = ({ title, message, rating, created_at }: Feedback) => html`<li>
    <p-card>
      <div class="head"><strong>${title}</strong><p-rating readonly .value=${rating}></p-rating></div>
      <p class="message">${message}</p>
      <p class="quiet"><time datetime=${created_at} title=${new Date(created_at).toLocaleString()}>${dayOf(created_at)}</time></p>
    </p-card>
  </li>`;

  static override styles = [
    PorticoElement.styles,
    css`
      :host {
        max-width: 720px;
      }
      h1 {
        margin-bottom: 16px;
      }
      h2 {
        margin: 24px 0 12px;
      }
      form {
        display: grid;
        gap: 16px;
      }
      ul {
        display: grid;
        gap: 12px;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      .head {
        display: flex;
        gap: 12px;
        justify-content: space-between;
        overflow-wrap: anywhere;
      }
      .message {
        margin: 8px 0;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
    `,
  ];
}
define("feedback-portal-form", FeedbackPortalForm);
