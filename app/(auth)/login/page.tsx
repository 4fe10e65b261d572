import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { LoginForm } from "../../../components/auth/login-form.tsx";
import { visitor } from "../../door.ts";
import { type Search, searchOf } from "../../prefetch.tsx";

export const metadata: Metadata = { title: "Sign in" };

// Only a path of this site: an address from the query must not lead a fresh session elsewhere.
const safePath = (next: string | null): string => (next && /^\/(?![/\\])/.test(next) && !next.startsWith("/login") ? next : "/");

export default async function LoginPage({ searchParams }: { searchParams: Search }) {
  const next = safePath((await searchOf(searchParams)).get("next"));
  if (await visitor()) redirect(next);
  return <LoginForm next={next} />;
}
