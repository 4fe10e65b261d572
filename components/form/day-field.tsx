"use client";

import "@mantine/dates/styles.layer.css";
import { DateInput, type DateInputProps } from "@mantine/dates";

/** A day of the calendar, typed or picked; empty is possible. */
export function DayField(props: Omit<DateInputProps, "valueFormat" | "clearable">) {
  return (
    <DateInput
      valueFormat="YYYY-MM-DD"
      clearable
      clearButtonProps={{ "aria-label": "Clear the date" }}
      previousLabel="Previous month"
      nextLabel="Next month"
      ariaLabels={{
        previousMonth: "Previous month",
        nextMonth: "Next month",
        previousYear: "Previous year",
        nextYear: "Next year",
        previousDecade: "Previous decade",
        nextDecade: "Next decade",
        monthLevelControl: "Choose the month",
        yearLevelControl: "Choose the year",
      }}
      // Another month's days would be too pale to read.
      hideOutsideDates
      {...props}
    />
  );
}
