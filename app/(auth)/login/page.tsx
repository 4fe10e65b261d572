import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { LoginForm } from "../../../components/auth/login-form.tsx";
import { pagePath } from "../../../components/shell/links.ts";
import { visitor } from "../../door.ts";
import { type Search, searchOf } from "../../prefetch.tsx";

export const metadata: Metadata = { title: "Sign in" };

export default async function LoginPage({ searchParams }: { searchParams: Search }) {
  // Only a page of this site: an address from the query must not lead a fresh session elsewhere.
  const next = pagePath((await searchOf(searchParams)).get("next") ?? "") ?? "/";
  if (await visitor()) redirect(next);
  return <LoginForm next={next} />;
}
