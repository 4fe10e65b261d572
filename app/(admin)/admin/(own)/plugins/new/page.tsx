import type { Metadata } from "next";
import { InstallPlugin } from "../../../../../../components/plugins/install.tsx";

export const metadata: Metadata = { title: "Install plugin" };

export default function Page() {
  return <InstallPlugin />;
}
