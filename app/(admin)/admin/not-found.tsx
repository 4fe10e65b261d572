import Link from "next/link";
import { Empty } from "../../../components/ui/empty.tsx";

export default function NotFound() {
  return (
    <Empty isPage title="There is no such page" action={<Link href="/admin">Go to the overview</Link>}>
      The address may be mistyped, or the page was deleted. A page of a plugin is missing while the plugin is inactive.
    </Empty>
  );
}
