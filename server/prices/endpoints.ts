import { z } from "zod";
import { pageOrWhole } from "../db/paging.ts";
import { queryFlag, queryInteger } from "../fields/contract.ts";
import { documentOf, IdParam, listOf } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { many, one } from "../http/envelope.ts";
import { listQuery } from "../http/paging.ts";
import { ModelPriceDraft, ModelPricePatch, ModelPriceReplacement, ModelPriceResource, Recalculated } from "./contract.ts";
import type { PriceService } from "./service.ts";
import { priceSorts } from "./store.ts";
import { toResource } from "./wire.ts";

const Vendor = z.string("is required").trim().toLowerCase().min(1, "is required").max(60);

export const priceEndpoints = ({ prices }: { prices: PriceService }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/model-prices",
    summary: "List the price of a token of each model, in dollars",
    permission: "model-prices.read",
    query: listQuery({ sortable: priceSorts, filters: { vendor: Vendor.optional(), missing: queryFlag.optional() } }),
    result: listOf(ModelPriceResource),
    handle: async ({ query }) => many(await prices.list(query.list, query.filters), toResource),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/model-prices/by-vendor",
    summary: "List the prices of one vendor's models",
    permission: "model-prices.read",
    query: listQuery({ sortable: priceSorts, filters: { vendor: Vendor }, isWhole: true }),
    result: listOf(ModelPriceResource),
    handle: async ({ query }) => many(await pageOrWhole(query.list, (list) => prices.list(list, query.filters)), toResource),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/model-prices/by-name",
    summary: "Get the price of a model by its exact name; `vendor` chooses between models of the same name",
    permission: "model-prices.read",
    query: z.object({ model_name: z.string("is required").trim().min(1, "is required").max(200), vendor: Vendor.optional() }),
    result: documentOf(ModelPriceResource),
    handle: async ({ query }) => one(toResource(await prices.getByName(query.model_name, query.vendor))),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/model-prices",
    object: "model_price",
    status: 201,
    summary: "Create a price for a model's tokens",
    permission: "model-prices.write",
    body: ModelPriceDraft,
    result: documentOf(ModelPriceResource),
    handle: async ({ actor, body }) => one(toResource(await prices.create(actor, body))),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/model-prices/:id",
    object: "model_price",
    summary: "Get a price",
    permission: "model-prices.read",
    params: IdParam,
    result: documentOf(ModelPriceResource),
    handle: async ({ params }) => one(toResource(await prices.get(params.id))),
  }),
  endpoint({
    method: "PATCH",
    path: "/api/v1/model-prices/:id",
    object: "model_price",
    summary: "Update a price; fields left out keep their values, and the cost of past usage does not change",
    permission: "model-prices.write",
    params: IdParam,
    body: ModelPricePatch,
    result: documentOf(ModelPriceResource),
    handle: async ({ actor, params, body }) => one(toResource(await prices.update(actor, params.id, body))),
  }),
  endpoint({
    method: "PUT",
    path: "/api/v1/model-prices/:id",
    object: "model_price",
    summary: "Replace a price: fields left out return to their defaults; the cost of past usage does not change",
    permission: "model-prices.write",
    params: IdParam,
    body: ModelPriceReplacement,
    result: documentOf(ModelPriceResource),
    handle: async ({ actor, params, body }) => one(toResource(await prices.update(actor, params.id, body))),
  }),
  // Clients of the reference say PATCH; with nothing to change it is an order, and POST says so.
  ...(["PATCH", "POST"] as const).map((method) =>
    endpoint({
      method,
      path: "/api/v1/model-prices/:id/recalculate",
      summary:
        "Update a price, if fields are given, and recalculate the cost of past usage with it: calls, totals and budgets. Repeat with `after` until `meta.after` is null",
      permission: "model-prices.write",
      params: IdParam,
      query: z.object({ after: queryInteger({ max: 2 ** 52 }).default(0) }),
      body: ModelPricePatch,
      bodyOptional: true,
      result: documentOf(ModelPriceResource).extend({ meta: Recalculated }),
      async handle({ actor, params, query, body, signal }) {
        const { price, ...meta } = await prices.recalculate(actor, params.id, body, { after: query.after, signal });
        return { json: { data: toResource(price), meta } };
      },
    }),
  ),
  endpoint({
    method: "DELETE",
    path: "/api/v1/model-prices/:id",
    object: "model_price",
    status: 204,
    summary: "Delete a price; the model's usage costs nothing from now on",
    permission: "model-prices.write",
    params: IdParam,
    async handle({ actor, params }) {
      await prices.delete(actor, params.id);
      return undefined;
    },
  }),
];
