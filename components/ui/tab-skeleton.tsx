import { Skeleton } from "@mantine/core";

/** In the place of a tab whose code is on its way. */
export function TabSkeleton() {
  return <Skeleton height={144} radius="lg" />;
}
