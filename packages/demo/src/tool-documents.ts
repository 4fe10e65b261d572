const ok = (description: string) => ({ "200": { description } });

/** The ticket desk of the demo vendor. */
export const ticketDesk = {
  openapi: "3.1.0",
  info: {
    title: "Ticket desk",
    version: "1.2.0",
    description: "Finds, creates and closes support tickets. Use it when somebody reports a problem at work.",
  },
  servers: [{ url: "https://tickets.example.com" }],
  security: [{ deskKey: [] }],
  paths: {
    "/tickets": {
      get: {
        operationId: "listTickets",
        summary: "List tickets",
        parameters: [
          { name: "status", in: "query", description: "Only tickets in this state", schema: { enum: ["open", "closed"] } },
          {
            name: "label",
            in: "query",
            description: "Only tickets with all of these labels",
            schema: { type: "array", items: { type: "string" } },
          },
        ],
        responses: ok("The tickets"),
      },
      post: {
        operationId: "createTicket",
        summary: "Create a ticket",
        requestBody: {
          required: true,
          content: {
            "application/json": {
              schema: { $ref: "#/components/schemas/NewTicket" },
              example: { title: "Door does not close", priority: "low", labels: ["office"] },
            },
          },
        },
        responses: { "201": { description: "The ticket" } },
      },
    },
    "/tickets/{id}": {
      get: {
        operationId: "getTicket",
        summary: "Get a ticket",
        parameters: [{ $ref: "#/components/parameters/TicketId" }],
        responses: ok("The ticket"),
      },
    },
    "/tickets/{id}/close": {
      post: {
        operationId: "closeTicket",
        summary: "Close a ticket",
        parameters: [{ $ref: "#/components/parameters/TicketId" }],
        responses: ok("The closed ticket"),
      },
    },
  },
  components: {
    parameters: {
      TicketId: { name: "id", in: "path", required: true, description: "Number of the ticket", schema: { type: "integer" }, example: 1 },
    },
    schemas: {
      NewTicket: {
        type: "object",
        required: ["title"],
        properties: {
          title: { type: "string" },
          priority: { type: "string", enum: ["low", "high"], default: "low" },
          labels: { type: "array", items: { type: "string" } },
        },
      },
    },
    securitySchemes: { deskKey: { type: "apiKey", in: "header", name: "X-Api-Key" } },
  },
};

/** The weather report of the demo vendor. */
export const weather = `openapi: 3.0.3
info:
  title: Weather
  version: "2.0"
  description: Forecasts for a city. Use it when somebody asks about the weather.
servers:
  - url: https://weather.example.com
paths:
  /forecast:
    get:
      operationId: getForecast
      summary: Forecast for a city
      parameters:
        - name: city
          in: query
          required: true
          description: Name of the city
          example: Lisbon
          schema: { type: string }
        - name: days
          in: query
          description: How many days, from 1 to 7
          schema: { type: integer, default: 3, minimum: 1, maximum: 7 }
      responses:
        "200": { description: The forecast }
`;
