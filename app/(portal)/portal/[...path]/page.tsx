import { catchAll } from "../../../plugin-pages.tsx";

const { generateMetadata, Page } = catchAll("portal");

export { generateMetadata };
export default Page;
