"use client";

import { Button, Switch, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import type { LlmAttributes } from "../../server/llms/contract.ts";
import type { ModelRouterAttributes } from "../../server/model-routers/contract.ts";
import { q, rowsOf } from "../api/query.ts";
import type { List, Resource } from "../api/types.ts";
import { FormLayout, FormSection } from "../form/form-layout.tsx";
import { useEntityForm } from "../form/use-entity-form.ts";
import { useCrumbs } from "../shell/crumbs.tsx";
import { useDelete } from "../ui/confirm.tsx";
import { PageHeader } from "../ui/page.tsx";
import { toast } from "../ui/toast.tsx";
import { WithResource } from "../ui/with-resource.tsx";
import { DryRun } from "./dry-run.tsx";
import { PoolFields } from "./pool-fields.tsx";
import { newPool, type PoolValues, poolsOf, poolValuesOf } from "./pools.ts";

type Values = { name: string; slug: string; description: string; active: boolean; namespace: string; pools: PoolValues[] };

const labels: Record<keyof Values, string> = {
  name: "Name",
  slug: "Slug",
  description: "Description",
  active: "Active",
  namespace: "Namespace",
  pools: "Pools",
};

/** Creates a model router, or changes `router`. `begin` is what a copy starts from. */
export function ModelRouterForm({
  router: stored,
  etag,
  begin,
}: {
  router?: Resource<ModelRouterAttributes>;
  etag?: string | undefined;
  begin?: ModelRouterAttributes;
}) {
  const navigation = useRouter();
  const remove = useDelete("model-routers", "model router");
  useCrumbs([{ label: stored ? stored.attributes.name : "Create" }]);
  const { data: llms } = useQuery<List<LlmAttributes>>(q("llms", "/api/v1/llms?page_size=1000&sort=name"));
  const entity = useEntityForm<Values, ModelRouterAttributes>({
    root: "model-routers",
    stored: stored && { resource: stored, etag },
    valuesOf(attributes) {
      const from = attributes ?? begin;
      return {
        name: attributes?.name ?? (begin ? `${begin.name} (copy)` : ""),
        slug: attributes?.slug ?? "",
        description: from?.description ?? "",
        active: attributes?.active ?? false,
        namespace: from?.namespace ?? "",
        pools: from ? poolValuesOf(from.pools) : [newPool()],
      };
    },
    labels,
    attributesOf: (values) => ({ ...values, name: values.name.trim(), pools: poolsOf(values.pools) }),
    check: ({ name }) => (name.trim() === "" ? { name: "Enter a name." } : {}),
    onSaved: ({ data }) => {
      toast(`${data.attributes.name} ${stored ? "saved" : "created"}`);
      return "/admin/model-routers";
    },
  });
  const { form } = entity;
  const { pools } = form.getValues();
  const setPools = (changed: PoolValues[]) => form.setFieldValue("pools", changed);
  const choices = rowsOf(llms).map(({ id, attributes }) => ({ value: id, label: attributes.name }));
  const errors = form.errors as Record<string, React.ReactNode>;

  return (
    <>
      <PageHeader
        title={stored ? stored.attributes.name : "Create model router"}
        lead="Gateways do not serve model routers yet: an active one is stored and takes no calls."
        actions={
          stored && (
            <>
              <Button variant="default" onClick={() => navigation.push(`/admin/model-routers/new?from=${stored.id}`)}>
                Clone
              </Button>
              <Button
                variant="default"
                onClick={() => remove(stored.id, stored.attributes.name, () => navigation.push("/admin/model-routers"))}
              >
                Delete model router
              </Button>
            </>
          )
        }
      />
      <FormLayout entity={entity} submitLabel={stored ? "Save model router" : "Create model router"} cancelHref="/admin/model-routers">
        <FormSection title="Model router" lead="Clients will call it like an OpenAI server, at the path /router/{slug}/v1.">
          <TextInput label={labels.name} required autoFocus={!stored} {...form.getInputProps("name")} />
          <TextInput label={labels.slug} description="Empty: made from the name." {...form.getInputProps("slug")} />
          <Textarea label={labels.description} autosize minRows={2} {...form.getInputProps("description")} />
          <TextInput label={labels.namespace} description="Empty: for gateways of all namespaces." {...form.getInputProps("namespace")} />
          <Switch label={labels.active} {...form.getInputProps("active", { type: "checkbox" })} />
        </FormSection>
        <FormSection title="Pools" lead="The pool of the highest priority whose pattern takes the model gets the call.">
          {pools.map((pool, at) => (
            <PoolFields
              // biome-ignore lint/suspicious/noArrayIndexKey: pools have no other identity until they are stored.
              key={at}
              pool={pool}
              at={at}
              llms={choices}
              errorAt={(path) => errors[path]}
              onChange={(changed) => setPools(pools.with(at, changed))}
              onRemove={pools.length > 1 ? () => setPools(pools.toSpliced(at, 1)) : undefined}
            />
          ))}
          <div>
            <Button variant="default" onClick={() => setPools([...pools, { ...newPool(), name: `pool ${pools.length + 1}` }])}>
              Add pool
            </Button>
          </div>
        </FormSection>
        <FormSection title="Dry run" lead="Where a call for a model would go with the pools above, saved or not. Nothing is called.">
          <DryRun pools={pools} />
        </FormSection>
      </FormLayout>
    </>
  );
}

export function ModelRouterEdit({ id }: { id: string }) {
  return (
    <WithResource<ModelRouterAttributes> root="model-routers" id={id} noun="model router" back="/admin/model-routers">
      {(router, etag) => <ModelRouterForm router={router} etag={etag} key={router.id} />}
    </WithResource>
  );
}

/** A new router that begins as a copy of another. */
export function ModelRouterCopy({ id }: { id: string }) {
  return (
    <WithResource<ModelRouterAttributes> root="model-routers" id={id} noun="model router" back="/admin/model-routers">
      {(router) => <ModelRouterForm begin={router.attributes} key={router.id} />}
    </WithResource>
  );
}
