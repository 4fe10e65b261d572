import type { Metadata } from "next";
import { UserForm } from "../../../../../../components/people/user-form.tsx";

export const metadata: Metadata = { title: "Create user" };

export default function Page() {
  return <UserForm />;
}
