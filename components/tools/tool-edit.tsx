"use client";

import type { ToolAttributes } from "../../server/tools/contract.ts";
import { WithResource } from "../ui/with-resource.tsx";
import { ToolForm } from "./tool-form.tsx";

export function ToolEdit({ id }: { id: string }) {
  return (
    <WithResource<ToolAttributes> root="tools" id={id} noun="tool" back="/admin/tools">
      {(tool, etag) => <ToolForm tool={tool} etag={etag} key={tool.id} />}
    </WithResource>
  );
}
