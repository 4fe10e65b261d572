"use client";

import { ArchDrawing, Mark } from "../ui/mark.tsx";
import classes from "./login-form.module.css";
import { SignInFields } from "./sign-in-fields.tsx";

export function LoginForm({ next }: { next: string }) {
  return (
    <main className={classes.page}>
      <div className={classes.stone} aria-hidden="true">
        <ArchDrawing width={420} />
      </div>
      <div className={classes.side}>
        <div className={classes.form}>
          <div className={classes.brand}>
            <Mark size={26} />
            Portico
          </div>
          <h1>Sign in</h1>
          {/* A full load: everything read before belonged to nobody. */}
          <SignInFields onSignedIn={() => location.assign(next)} />
        </div>
      </div>
    </main>
  );
}
