import Link from "next/link";
import { Empty } from "../../../components/ui/empty.tsx";

export default function NotFound() {
  return (
    <Empty isPage title="There is no such page" action={<Link href="/portal">Go to the portal</Link>}>
      The address may be mistyped, or the page is not open to your groups. An administrator can tell which.
    </Empty>
  );
}
