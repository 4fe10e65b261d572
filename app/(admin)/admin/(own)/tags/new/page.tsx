import type { Metadata } from "next";
import { TagForm } from "../../../../../../components/tags/tag-form.tsx";

export const metadata: Metadata = { title: "Create tag" };

export default function Page() {
  return <TagForm />;
}
