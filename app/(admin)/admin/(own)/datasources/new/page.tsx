import type { Metadata } from "next";
import { DatasourceForm } from "../../../../../../components/datasources/datasource-form.tsx";

export const metadata: Metadata = { title: "Create data source" };

export default function Page() {
  return <DatasourceForm />;
}
