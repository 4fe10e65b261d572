import { redirect } from "next/navigation";
import { signedIn } from "./door.ts";

export default async function Home() {
  const me = await signedIn("/");
  redirect(me.attributes.is_admin ? "/admin" : "/portal");
}
