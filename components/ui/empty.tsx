import type { ReactNode } from "react";
import classes from "./empty.module.css";
import { ArchDrawing } from "./mark.tsx";

/** Nothing here yet: what this is for, and the one thing to do. */
export function Empty({ title, children, action }: { title: string; children: ReactNode; action?: ReactNode }) {
  return (
    <div className={classes.empty}>
      <div className={classes.drawing}>
        <ArchDrawing width={96} />
      </div>
      <div className={classes.words}>
        <h2>{title}</h2>
        <p className="quiet">{children}</p>
        {action && <div className={classes.action}>{action}</div>}
      </div>
    </div>
  );
}
