import { type CSSResult, css, unsafeCSS } from "lit";

/** Theme tokens that the surrounding page may set; the values here are what a page without a theme gets. */
const fallbacks = {
  ground: "light-dark(#faf8f4, #141412)",
  raised: "light-dark(#ffffff, #1c1b19)",
  sunken: "light-dark(#f1eee7, #0f0f0e)",
  ink: "light-dark(#1c1b18, #f3f0e9)",
  "ink-2": "light-dark(#56524a, #b9b3a7)",
  "ink-3": "light-dark(#6f6a60, #948e83)",
  line: "light-dark(#e4dfd5, #2b2926)",
  "line-strong": "light-dark(#cfc8ba, #3d3a35)",
  "line-control": "light-dark(#8f8878, #77726a)",
  accent: "light-dark(#14695c, #58bfae)",
  "accent-ink": "light-dark(#ffffff, #0d1f1b)",
  good: "light-dark(#2b7a3d, #6cc784)",
  warn: "light-dark(#8f5b00, #e5b454)",
  bad: "light-dark(#b3261e, #f28b82)",
  info: "light-dark(#2a5d9f, #8ab4f8)",
  font: '"IBM Plex Sans", system-ui, sans-serif',
  mono: '"IBM Plex Mono", ui-monospace, monospace',
  radius: "6px",
} as const;

/** Name of a theme token; `accent-ink` is the CSS variable `--portico-accent-ink`. */
export type Token = keyof typeof fallbacks;

/** A theme token for use in `css`: the page's value, or a fall-back that follows the page's colour scheme. */
export const token = (name: Token): CSSResult => unsafeCSS(`var(--portico-${name}, ${fallbacks[name]})`);

/** What every element of the kit starts from. */
export const base = css`
  :host {
    display: block;
    min-width: 0;
    box-sizing: border-box;
    color: ${token("ink")};
    font: 400 14px / 20px ${token("font")};
  }
  :host([hidden]) {
    display: none;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  :focus-visible {
    outline: 2px solid ${token("accent")};
    outline-offset: 2px;
  }
  h1,
  h2,
  h3,
  p {
    margin: 0;
  }
  h1 {
    font-size: 26px;
    line-height: 32px;
    font-weight: 600;
  }
  h2 {
    font-size: 16px;
    line-height: 24px;
    font-weight: 600;
  }
  .quiet {
    color: ${token("ink-2")};
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation-duration: 0.01ms !important;
      transition: none !important;
    }
  }
`;
