import { Skeleton } from "@mantine/core";
import classes from "./charts.module.css";

/** Holds the place of the charts until their figures and their code are there. */
export const ChartSkeletons = () => (
  <div className={classes.charts} aria-busy="true">
    {["requests", "tokens", "cost", "latency"].map((each) => (
      <Skeleton key={each} height={224} radius="lg" />
    ))}
  </div>
);
