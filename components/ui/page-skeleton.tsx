import { Skeleton } from "@mantine/core";

/** The outline of a page, until the page is there. */
export function PageSkeleton() {
  return (
    <div aria-busy="true">
      <span className="visually-hidden" role="status">
        Loading
      </span>
      <Skeleton height={26} width={220} mb={12} />
      <Skeleton height={12} width={380} maw="70%" mb={32} />
      <Skeleton height={320} radius="lg" />
    </div>
  );
}
