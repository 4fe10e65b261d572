"use client";

import { Button, NumberInput, Select, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import type { ModelPriceAttributes } from "../../server/prices/contract.ts";
import { call, document } from "../api/http.ts";
import type { One, Resource } from "../api/types.ts";
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
  cache_read_pt: number | string;
};

const fields: { name: "cpit" | "cpt" | "cache_write_pt" | "cache_read_pt"; label: string }[] = [
  { name: "cpit", label: "Input" },
  { name: "cpt", label: "Output" },
  { name: "cache_write_pt", label: "Cache write" },
  { name: "cache_read_pt", label: "Cache read" },
];

/** Creates a price, or changes `price`. `begin` fills in what a link knows of a new one. */
export function PriceForm({
  price,
  begin,
}: {
  price?: Resource<ModelPriceAttributes>;
  begin?: { vendor: string | undefined; model_name: string | undefined };
}) {
  const router = useRouter();
  const client = useQueryClient();
  const remove = useDelete("model-prices", "price");
  useCrumbs([{ label: price ? price.attributes.model_name : "Create" }]);
  const entity = useEntityForm<Values>({
    initial: {
      model_name: price?.attributes.model_name ?? begin?.model_name ?? "",
      vendor: price?.attributes.vendor ?? begin?.vendor ?? firstVendor.id,
      ...(Object.fromEntries(fields.map(({ name }) => [name, price ? perMillion(price.attributes[name]) : 0])) as Pick<
        Values,
        "cpit" | "cpt" | "cache_write_pt" | "cache_read_pt"
      >),
    },
    check: (values) => (values.model_name.trim() === "" ? { model_name: "Name the model as the vendor does." } : {}),
    save: async (values) => {
      const attributes = {
        model_name: values.model_name.trim(),
        vendor: values.vendor,
        ...Object.fromEntries(fields.map(({ name }) => [name, perToken(numberOf(values[name]) ?? 0)])),
      };
      await call<One<ModelPriceAttributes>>(
        price ? "PATCH" : "POST",
        price ? `/api/v1/model-prices/${price.id}` : "/api/v1/model-prices",
        document("model-prices", attributes),
      );
      void client.invalidateQueries({ queryKey: ["model-prices"] });
      toast(`Price of ${attributes.model_name} saved`);
      router.push("/admin/prices");
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
        <FormSection title="Price of a million tokens" lead="In US dollars. New calls use it at once; past calls keep what they cost then.">
          {fields.map(({ name, label }) => (
            <NumberInput
              key={name}
              label={label}
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
      {(price) => <PriceForm price={price} key={price.id} />}
    </WithResource>
  );
}
