import type { Metadata } from "next";
import { ToolForm } from "../../../../../../components/tools/tool-form.tsx";

export const metadata: Metadata = { title: "Create tool" };

export default function Page() {
  return <ToolForm />;
}
