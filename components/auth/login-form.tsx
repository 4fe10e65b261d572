"use client";

import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import { ApiError, call, messageOf } from "../api/http.ts";
import { ArchDrawing, Mark } from "../ui/mark.tsx";
import { Notice } from "../ui/notice.tsx";
import classes from "./login-form.module.css";

export function LoginForm({ next }: { next: string }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
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
      // A full load: everything read before belonged to nobody.
      location.assign(next);
    } catch (error) {
      setBusy(false);
      setProblem(problemOf(error));
      if (error instanceof ApiError && typeof error.meta.retry_after === "number") setWait(error.meta.retry_after);
    }
  };

  return (
    <main className={classes.page}>
      <div className={classes.stone} aria-hidden="true">
        <ArchDrawing width={420} />
      </div>
      <div className={classes.side}>
        <form
          className={classes.form}
          onSubmit={(event) => {
            event.preventDefault();
            void signIn();
          }}
        >
          <div className={classes.brand}>
            <Mark size={26} />
            Portico
          </div>
          <h1>Sign in</h1>
          {problem && (
            <Notice tone="bad" title="That did not work">
              {problem}
            </Notice>
          )}
          <TextInput
            label="E-mail"
            type="email"
            name="email"
            autoComplete="username"
            required
            withAsterisk={false}
            autoFocus
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            name="password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
          />
          <Button type="submit" fullWidth loading={busy} disabled={wait > 0}>
            {wait > 0 ? `Try again in ${wait} s` : "Sign in"}
          </Button>
        </form>
      </div>
    </main>
  );
}

function problemOf(error: unknown): string {
  if (!(error instanceof ApiError)) return messageOf(error);
  if (error.code === "rate_limited") return "Too many attempts to sign in. Wait before you try again.";
  // The same code says that the password is right and the address not yet verified.
  if (error.message === "Invalid email or password") return "Wrong e-mail or password. Check both and try again.";
  return messageOf(error);
}
