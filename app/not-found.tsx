import { Empty } from "../components/ui/empty.tsx";

export default function NotFound() {
  return (
    <main style={{ maxWidth: 720, margin: "12vh auto 0", padding: 16 }}>
      <Empty isPage title="There is no such page" action={<a href="/">Go to the start</a>}>
        The address may be mistyped, or the page was deleted.
      </Empty>
    </main>
  );
}
