import type { Metadata } from "next";
import { PriceForm } from "../../../../../../components/prices/price-form.tsx";

export const metadata: Metadata = { title: "Create price" };

export default function Page() {
  return <PriceForm />;
}
