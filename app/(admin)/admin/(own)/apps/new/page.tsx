import type { Metadata } from "next";
import { AppForm } from "../../../../../../components/apps/app-form.tsx";
import { signedIn } from "../../../../../door.ts";

export const metadata: Metadata = { title: "Create app" };

export default async function Page() {
  const me = await signedIn("/admin/apps/new");
  return <AppForm me={{ id: me.id, name: me.attributes.name }} />;
}
