import type { ReactNode } from "react";
import classes from "./page.module.css";

/** The head of a page: what it is, its state, what can be done with it. */
export function PageHeader({
  title,
  state,
  lead,
  actions,
}: {
  title: ReactNode;
  state?: ReactNode;
  lead?: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <header className={classes.header}>
      <div className={classes.words}>
        <div className={classes.titleLine}>
          <h1 className={classes.title}>{title}</h1>
          {state}
        </div>
        {lead && <p className={classes.lead}>{lead}</p>}
      </div>
      {actions && <div className={classes.actions}>{actions}</div>}
    </header>
  );
}

/** A part of a page: a heading, an optional sentence, the content. */
export function Section({
  title,
  lead,
  actions,
  children,
  id,
}: {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  id?: string;
}) {
  return (
    <section className={classes.section} aria-label={title} id={id}>
      <div className={classes.sectionHead}>
        <div>
          <h2>{title}</h2>
          {lead && <p className="quiet">{lead}</p>}
        </div>
        {actions && <div className={classes.actions}>{actions}</div>}
      </div>
      {children}
    </section>
  );
}

/** Facts as term and value, side by side where there is room; a long value is given the whole row. A row without a value is left out. */
export function Facts({ rows }: { rows: [term: string, value: ReactNode, width?: "whole row"][] }) {
  return (
    <dl className={classes.facts}>
      {rows
        .filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false)
        .map(([term, value, width]) => (
          <div key={term} data-wide={width !== undefined || undefined}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
