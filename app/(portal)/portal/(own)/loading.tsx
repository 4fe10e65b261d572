// In a group beside the address that plugins fill: what is shown while a page loads settles the status, and nothing could be 404 there.
export { PageSkeleton as default } from "../../../../components/ui/page-skeleton.tsx";
