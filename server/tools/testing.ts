const answers = { "200": { description: "ok" } };

/** A small document for tests: three operations and one key. */
export const ticketDocument = JSON.stringify(
  {
    openapi: "3.0.0",
    info: { title: "Ticket API", version: "1.0.0", description: "Tickets" },
    servers: [{ url: "http://vendor.test" }],
    paths: {
      "/tickets": {
        get: {
          operationId: "listTickets",
          summary: "List tickets",
          parameters: [{ name: "status", in: "query", required: false, description: "Status", schema: { type: "string" } }],
          responses: answers,
        },
        post: {
          operationId: "createTicket",
          summary: "Create a ticket",
          requestBody: {
            required: true,
            description: "Ticket",
            content: { "application/json": { schema: { type: "object", properties: { title: { type: "string" } } } } },
          },
          responses: answers,
        },
      },
      "/tickets/{id}": {
        get: {
          operationId: "getTicket",
          parameters: [{ name: "id", in: "path", required: true, schema: { type: "integer" } }],
          responses: answers,
        },
      },
    },
    components: { securitySchemes: { apiKey: { type: "apiKey", name: "X-Api-Key", in: "header" } } },
    security: [{ apiKey: [] }],
  },
  null,
  1,
);
