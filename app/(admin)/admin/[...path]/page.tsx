import { catchAll } from "../../../plugin-pages.tsx";

const { generateMetadata, Page } = catchAll("admin");

export { generateMetadata };
export default Page;
