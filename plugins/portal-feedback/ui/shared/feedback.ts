/** An entry as the plugin's methods answer it. */
export type Feedback = {
  id: string;
  user_email: string;
  user_name: string;
  title: string;
  message: string;
  rating: number;
  created_at: string;
};

/** A date in the reader's language, without the time. */
export const dayOf = (iso: string): string => new Date(iso).toLocaleDateString(undefined, { dateStyle: "medium" });
