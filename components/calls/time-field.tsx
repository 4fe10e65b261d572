import { DateTimePicker } from "@mantine/dates";

/** A time in the reader's own time zone, as `YYYY-MM-DD HH:mm:ss`, or none. */
export function TimeField({ label, value, onChange }: { label: string; value: string | null; onChange: (value: string | null) => void }) {
  return (
    <DateTimePicker
      label={label}
      placeholder="Any time"
      clearable
      valueFormat="YYYY-MM-DD HH:mm"
      value={value}
      onChange={onChange}
      ariaLabels={{ nextMonth: "Next month", previousMonth: "Previous month" }}
      submitButtonProps={{ "aria-label": "Apply" }}
      clearButtonProps={{ "aria-label": `Clear ${label.toLowerCase()}` }}
    />
  );
}
