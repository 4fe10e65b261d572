import {
  IconAdjustments,
  IconBooks,
  IconBox,
  IconBriefcase,
  IconCoin,
  IconDatabase,
  IconFile,
  IconFilter,
  IconKey,
  IconPlug,
  IconRoute,
  IconServer,
  IconSparkles,
  IconTag,
  IconTool,
  IconUser,
  IconUsersGroup,
} from "@tabler/icons-react";

const icons: Record<string, typeof IconFile> = {
  llms: IconSparkles,
  "llm-settings": IconAdjustments,
  prices: IconCoin,
  tools: IconTool,
  apps: IconBox,
  plugins: IconPlug,
  edges: IconServer,
  users: IconUser,
  groups: IconUsersGroup,
  secrets: IconKey,
  catalogues: IconBooks,
  "tool-catalogues": IconBriefcase,
  datasources: IconDatabase,
  filters: IconFilter,
  "model-routers": IconRoute,
  tags: IconTag,
};

/** Of the pages of a kind of object, by their folder. */
export const iconOfPage = (path: string): typeof IconFile => icons[path] ?? IconFile;
