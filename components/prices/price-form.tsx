"use client";

import { Button, NumberInput, Select, TextInput } from "@mantine/core";
import { useRouter } from "next/navigation";
import type { ModelPriceAttributes } from "../../server/prices/contract.ts";
import type { Resource } from "../api/types.ts";
import { FormLayout, FormSection } from "../form/form-layout.tsx";
import { useEntityForm } from "../form/use-entity-form.ts";
import { numberOf } from "../form/values.ts";
import { firstVendor, vendorOptions } from "../llms/vendors.ts";
import { useCrumbs } from "../shell/crumbs.tsx";
import { useDelete } from "../ui/confirm.tsx";
import { PageHeader } from "../ui/page.tsx";
import { toast } from "../ui/toast.tsx";
import { WithResource } from "../ui/with-resource.tsx";
import { perMillion, perToken } from "./per-million.ts";

type Values = {
  model_name: string;
  vendor: string;
  cpit: number | string;
  cpt: number | string;
  cache_write_pt: number | string;
  cache_write_1h_pt: number | string;
  cache_read_pt: number | string;
};

const fields = ["cpit", "cpt", "cache_write_pt", "cache_write_1h_pt", "cache_read_pt"] as const;

const labels: Record<keyof Values, string> = {
  model_name: "Model",
  vendor: "Vendor",
  cpit: "Input",
  cpt: "Output",
  cache_write_pt: "Cache write",
  cache_write_1h_pt: "Cache write, 1 hour",
  cache_read_pt: "Cache read",
};

const descriptions: { [name in (typeof fields)[number]]?: string } = {
  cache_write_pt: "Tokens that are cached for five minutes.",
  cache_write_1h_pt: "Tokens that are cached for an hour. Empty: 1.6 times the price of a cache write, as in Anthropic's list.",
};

/** Creates a price, or changes `price`. `begin` fills in what a link knows of a new one. */
export function PriceForm({
  price,
  etag,
  begin,
}: {
  price?: Resource<ModelPriceAttributes>;
  etag?: string | undefined;
  begin?: { vendor: string | undefined; model_name: string | undefined };
}) {
  const router = useRouter();
  const remove = useDelete("model-prices", "price");
  useCrumbs([{ label: price ? price.attributes.model_name : "Create" }]);
  const entity = useEntityForm<Values, ModelPriceAttributes>({
    root: "model-prices",
    stored: price && { resource: price, etag },
    valuesOf: (attributes) => ({
      model_name: attributes?.model_name ?? begin?.model_name ?? "",
      vendor: attributes?.vendor ?? begin?.vendor ?? firstVendor.id,
      cpit: attributes ? perMillion(attributes.cpit) : 0,
      cpt: attributes ? perMillion(attributes.cpt) : 0,
      cache_write_pt: attributes ? perMillion(attributes.cache_write_pt) : 0,
      cache_write_1h_pt: typeof attributes?.cache_write_1h_pt === "number" ? perMillion(attributes.cache_write_1h_pt) : "",
      cache_read_pt: attributes ? perMillion(attributes.cache_read_pt) : 0,
    }),
    labels,
    attributesOf: (values) => ({
      model_name: values.model_name.trim(),
      vendor: values.vendor,
      ...Object.fromEntries(fields.map((name) => [name, perToken(numberOf(values[name]) ?? 0)])),
      ...(values.cache_write_1h_pt === "" ? { cache_write_1h_pt: null } : {}),
    }),
    check: (values) => (values.model_name.trim() === "" ? { model_name: "Enter the model's name as its vendor writes it." } : {}),
    onSaved: ({ data }) => {
      toast(`Price of ${data.attributes.model_name} saved`);
      return "/admin/prices";
    },
  });
  const { form } = entity;
  return (
    <>
      <PageHeader
        title={price ? price.attributes.model_name : "Create price"}
        actions={
          price && (
            <Button
              variant="default"
              onClick={() => remove(price.id, `The price of ${price.attributes.model_name}`, () => router.push("/admin/prices"))}
            >
              Delete price
            </Button>
          )
        }
      />
      <FormLayout entity={entity} submitLabel={price ? "Save price" : "Create price"} cancelHref="/admin/prices">
        <FormSection title="Model" lead="A call is priced by the model its vendor reports, so the name must be the vendor's.">
          <TextInput
            label="Model"
            placeholder="gpt-4o-mini"
            required
            autoFocus={!price && !begin?.model_name}
            {...form.getInputProps("model_name")}
          />
          <Select label="Vendor" data={vendorOptions} allowDeselect={false} {...form.getInputProps("vendor")} />
        </FormSection>
        <FormSection title="Price of a million tokens" lead="In US dollars. New calls use it at once; past calls keep their cost.">
          {fields.map((name) => (
            <NumberInput
              key={name}
              label={labels[name]}
              description={descriptions[name]}
              prefix="$ "
              min={0}
              decimalScale={6}
              thousandSeparator=","
              {...form.getInputProps(name)}
            />
          ))}
        </FormSection>
      </FormLayout>
    </>
  );
}

export function PriceEdit({ id }: { id: string }) {
  return (
    <WithResource<ModelPriceAttributes> root="model-prices" id={id} noun="price" back="/admin/prices">
      {(price, etag) => <PriceForm price={price} etag={etag} key={price.id} />}
    </WithResource>
  );
}
