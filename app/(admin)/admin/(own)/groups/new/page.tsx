import type { Metadata } from "next";
import { GroupForm } from "../../../../../../components/people/group-form.tsx";

export const metadata: Metadata = { title: "Create group" };

export default function Page() {
  return <GroupForm />;
}
