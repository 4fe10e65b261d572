import Link from "next/link";
import { Empty } from "../../../components/ui/empty.tsx";

export default function NotFound() {
  return (
    <Empty isPage title="There is no such page" action={<Link href="/portal">Go to the portal</Link>}>
      The address may be mistyped, or your groups have no access to the page. Ask an administrator.
    </Empty>
  );
}
