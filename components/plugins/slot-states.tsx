import { Button, Skeleton } from "@mantine/core";
import { Notice } from "../ui/notice.tsx";

export function SlotLoading() {
  return (
    <div aria-busy="true">
      <span className="visually-hidden" role="status">
        Loading the plugin's page
      </span>
      <Skeleton height={24} width={220} mb={16} />
      <Skeleton height={240} radius="lg" />
    </div>
  );
}

export function SlotProblem({ name, problem, retry }: { name: string; problem: string; retry: () => void }) {
  return (
    <Notice
      tone="bad"
      title={`${name} could not show its page`}
      action={
        <Button size="xs" variant="default" onClick={retry}>
          Try again
        </Button>
      }
    >
      {problem}
    </Notice>
  );
}
