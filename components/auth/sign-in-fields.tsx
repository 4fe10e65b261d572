"use client";

import { type ReactNode, useEffect, useId, useState } from "react";
import { ApiError, call, forgetCsrf, messageOf } from "../api/http.ts";
import classes from "./sign-in-fields.module.css";

/**
 * E-mail, password and what is wrong with them. Of plain elements: the sign-in page is the first that anybody sees and loads none of
 * the components that the product is made of.
 */
export function SignInFields({ onSignedIn }: { onSignedIn: () => void }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [isShown, setIsShown] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [wait, setWait] = useState(0);

  useEffect(() => {
    if (wait === 0) return;
    const second = setTimeout(() => setWait(wait - 1), 1_000);
    return () => clearTimeout(second);
  }, [wait]);

  const signIn = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await call("POST", "/auth/login", { email, password });
      forgetCsrf();
      onSignedIn();
    } catch (error) {
      setBusy(false);
      setProblem(problemOf(error));
      if (error instanceof ApiError && typeof error.meta.retry_after === "number") setWait(error.meta.retry_after);
    }
  };

  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        void signIn();
      }}
    >
      <Field label="E-mail">
        {(id) => (
          <input
            id={id}
            className={classes.input}
            type="email"
            name="email"
            autoComplete="username"
            required
            // biome-ignore lint/a11y/noAutofocus: the one thing to do here.
            autoFocus
            data-autofocus
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field label="Password">
        {(id) => (
          <span className={classes.password}>
            <input
              id={id}
              className={classes.input}
              type={isShown ? "text" : "password"}
              name="password"
              autoComplete="current-password"
              required
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            <button type="button" className={classes.show} aria-pressed={isShown} onClick={() => setIsShown(!isShown)}>
              {isShown ? "Hide" : "Show"}
              <span className="visually-hidden"> the password</span>
            </button>
          </span>
        )}
      </Field>
      <button type="submit" className={classes.submit} disabled={wait > 0} aria-busy={busy || undefined}>
        {wait > 0 ? `Try again in ${wait} s` : busy ? "Signing in…" : "Sign in"}
      </button>
      {/* Below the button and with room of its own: a refusal moves nothing that is being aimed at. */}
      <p className={classes.problem} role="alert">
        {problem}
      </p>
    </form>
  );
}

function Field({ label, children }: { label: string; children: (id: string) => ReactNode }) {
  const id = useId();
  return (
    <div className={classes.field}>
      <label htmlFor={id}>{label}</label>
      {children(id)}
    </div>
  );
}

function problemOf(error: unknown): string {
  if (!(error instanceof ApiError)) return messageOf(error);
  if (error.code === "rate_limited") return "Too many attempts to sign in. Wait before you try again.";
  // The same code says that the password is right and the address not yet verified.
  if (error.message === "Invalid email or password") return "Wrong e-mail or password. Check both and try again.";
  return messageOf(error);
}
