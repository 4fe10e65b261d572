import type { Endpoint, EndpointRule, WireFormat } from "./dialect.ts";

export const readMethods: ReadonlySet<string> = new Set(["GET", "HEAD"]);
const post: ReadonlySet<string> = new Set(["POST"]);

/** More than most models write by default. */
const textTokens = 4_096;
/** A large image of high quality. */
const mediaTokens = 8_192;

/** Describes an endpoint. @param path segments without version; `*` stands for one segment, `**` at the end for one or more. */
export type DescribeEndpoint = (path: string, cost: Endpoint["cost"], more?: Partial<Endpoint>) => EndpointRule;

/** For the endpoints of one format. */
export const rulesFor =
  (format: WireFormat): DescribeEndpoint =>
  (path, cost, more = {}) => {
    const assumedTokens = cost === "text" ? textTokens : cost === "media" ? mediaTokens : 0;
    const takesModel = cost === "text" || cost === "media";
    const fixed = { name: path, segments: path.split("/"), methods: post, cost, takesModel, assumedTokens, format };
    return {
      usageOnRequest: false,
      takesForm: false,
      returnsResults: false,
      socket: undefined,
      model: "",
      isOpened: false,
      ...fixed,
      ...more,
    };
  };
