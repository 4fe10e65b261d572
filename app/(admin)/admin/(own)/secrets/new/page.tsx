import type { Metadata } from "next";
import { SecretForm } from "../../../../../../components/secrets/secret-form.tsx";

export const metadata: Metadata = { title: "Create secret" };

export default function Page() {
  return <SecretForm />;
}
