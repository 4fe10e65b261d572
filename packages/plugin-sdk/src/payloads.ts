/** One proxied call, as the data-collection hook `proxyLog` receives it. */
export type ProxyLog = {
  appId: number;
  userId: number;
  vendor: string;
  requestBody: Buffer;
  responseBody: Buffer;
  /** HTTP status sent to the client. */
  responseCode: number;
  /** Unix seconds. */
  timestamp: number;
  requestId: string;
};

/** Tokens and cost of one call, as the data-collection hook `analytics` receives them. */
export type AnalyticsRecord = {
  llmId: number;
  modelName: string;
  vendor: string;
  promptTokens: number;
  responseTokens: number;
  cacheWritePromptTokens: number;
  cacheReadPromptTokens: number;
  totalTokens: number;
  /** Dollars x 10,000. */
  cost: number;
  currency: string;
  appId: number;
  userId: number;
  /** Unix seconds. */
  timestamp: number;
  toolCalls: number;
  choices: number;
  requestId: string;
};

/** What one call adds to an app's budget, as the data-collection hook `budgetUsage` receives it. */
export type BudgetUsage = {
  appId: number;
  llmId: number;
  tokensUsed: number;
  /** Dollars x 10,000. */
  cost: number;
  requestsCount: number;
  promptTokens: number;
  completionTokens: number;
  /** Start and end of the budget period, Unix seconds. */
  periodStart: number;
  periodEnd: number;
  /** Unix seconds. */
  timestamp: number;
  requestId: string;
};

/** The app whose credential came with a request to a custom endpoint. */
export type EndpointApp = {
  id: number;
  name: string;
  description: string;
  ownerEmail: string;
  isActive: boolean;
  /** Dollars; 0 means no budget. */
  monthlyBudget: number;
  /** Requests a minute; 0 means no limit. */
  rateLimit: number;
  metadata: Record<string, string>;
};

/** A request to a path that the plugin serves below `/plugins/{slug}`. */
export type EndpointRequest = {
  method: string;
  /** The whole path, `/plugins/{slug}/…`. */
  path: string;
  /** The path below the plugin's own, e.g. `/hello`. */
  relativePath: string;
  pathSegments: string[];
  headers: Record<string, string>;
  body: Buffer;
  /** Without the question mark. */
  queryString: string;
  remoteAddr: string;
  host: string;
  protocol: string;
  /** True when the endpoint requires a credential and a valid one was sent. */
  authenticated: boolean;
  /** Undefined when the request is not authenticated. */
  app: EndpointApp | undefined;
  scopes: string[];
};

/** A tool, data source or LLM that an agent may use for a message. */
export type AgentTool = { id: number; name: string; slug: string; description: string; operations: string[]; privacyScore: number };
export type AgentDatasource = { id: number; name: string; description: string; dbSourceType: string; privacyScore: number };
export type AgentLlm = {
  id: number;
  name: string;
  vendor: string;
  defaultModel: string;
  allowedModels: string[];
  privacyScore: number;
};
/** An earlier message of the session. */
export type AgentTurn = {
  role: string;
  content: string;
  /** Unix seconds. */
  timestamp: number;
  /** JSON text; "" when there is none. */
  metadataJson: string;
};

/** A message to an agent. */
export type AgentMessage = {
  sessionId: string;
  userMessage: string;
  availableTools: AgentTool[];
  availableDatasources: AgentDatasource[];
  availableLlms: AgentLlm[];
  /** The agent's configuration as JSON text; "" when there is none. */
  configJson: string;
  /** Earlier messages, oldest first. */
  history: AgentTurn[];
};

/** A scheduled task that is due. */
export type ScheduledTask = {
  id: string;
  name: string;
  cron: string;
  /** IANA name, e.g. `Europe/Berlin`. */
  timezone: string;
  enabled: boolean;
  timeoutSeconds: number;
  /** The task's configuration as JSON text; "" when there is none. */
  configJson: string;
};

/** Data that this plugin sent from an edge to the control plane. */
export type EdgePayload = {
  payload: Buffer;
  edgeId: string;
  edgeNamespace: string;
  correlationId: string;
  metadata: Record<string, string>;
  /** When the edge sent it and the control plane received it, Unix seconds. */
  edgeTimestamp: number;
  receivedTimestamp: number;
};
