import type { ReactNode } from "react";
import classes from "./empty.module.css";
import { ArchDrawing } from "./mark.tsx";

/** Nothing here yet: what this is for, and the one thing to do. `isPage` when it is all the page has to say. */
export function Empty({
  title,
  children,
  action,
  isPage = false,
}: {
  title: string;
  children: ReactNode;
  action?: ReactNode;
  isPage?: boolean;
}) {
  return (
    <div className={classes.empty}>
      <div className={classes.drawing}>
        <ArchDrawing width={96} />
      </div>
      <div className={classes.words}>
        {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
        <p className="quiet">{children}</p>
        {action && <div className={classes.action}>{action}</div>}
      </div>
    </div>
  );
}
