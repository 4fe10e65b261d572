import type { Metadata } from "next";
import { EdgeForm } from "../../../../../../components/edges/edge-form.tsx";

export const metadata: Metadata = { title: "Create edge" };

export default function Page() {
  return <EdgeForm />;
}
