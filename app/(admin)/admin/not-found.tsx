import Link from "next/link";
import { Empty } from "../../../components/ui/empty.tsx";

export default function NotFound() {
  return (
    <Empty isPage title="There is no such page" action={<Link href="/admin">Go to the overview</Link>}>
      The address may be mistyped, what it showed may be gone, or the plugin that supplied it may be switched off.
    </Empty>
  );
}
