import { notifications } from "@mantine/notifications";
import { messageOf } from "../api/http.ts";

/** A short notice that something was done. */
export const toast = (title: string, message?: string): void => {
  notifications.show({ title, message: message ?? "", color: "good", withBorder: false });
};

/** A notice that something failed, which stays until it is closed. */
export const toastError = (title: string, error: unknown): void => {
  notifications.show({ title, message: messageOf(error), color: "bad", autoClose: false, withBorder: false });
};
