import { Button } from "@mantine/core";
import Link from "next/link";
import { Empty } from "../ui/empty.tsx";

/** What an installation shows before its first call. */
export function FirstSteps() {
  return (
    <div className="surface">
      <Empty
        title="No calls yet"
        action={
          <>
            <Button component={Link} href="/admin/llms/new">
              Create LLM
            </Button>
            <Button component={Link} href="/admin/apps/new" variant="default">
              Create app
            </Button>
          </>
        }
      >
        Create an LLM with a vendor's key, then an app. The app's page has a snippet to run; its calls appear here within seconds.
      </Empty>
    </div>
  );
}
