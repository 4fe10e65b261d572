customElements.define(
  "test-probe",
  class extends HTMLElement {
    async connectedCallback() {
      const api = this.pluginAPI ?? this.portalPluginAPI;
      const tried = async (attempt) => {
        try {
          return `allowed: ${await attempt()}`;
        } catch (error) {
          return `refused: ${error.name}`;
        }
      };
      this.innerHTML = `<a id="inside" href="items/7">seven</a> <a id="away" href="/admin/llms">LLMs</a>
        <button id="ask">ask</button> <button id="chain">chain</button> <button id="own">own</button>
        <button id="inline" onclick="this.closest('test-probe').saved('inline')">save</button>
        <div id="theirs"></div><div style="height:200px"></div>`;
      this.querySelector("#ask").onclick = () => api.call("asked", { answer: confirm("Delete it?"), text: prompt("Name") });
      this.querySelector("#chain").onclick = () =>
        api.call("chained", { answers: Array.from({ length: 6 }, (_, i) => confirm(`again ${i}`)) });
      this.querySelector("#own").onclick = async () => api.call("owned", { answer: await api.confirm("Delete all?", { verb: "Delete" }) });
      // What somebody else wrote and the plugin shows without care.
      this.querySelector("#theirs").innerHTML =
        `<button id="injected" ${"on"}click="this.closest('test-probe').saved('injected')">x</button>`;
      const unasked = confirm("unasked");
      this.saved = (how) => api.call("saved", { how });
      await api.call("unasked", { answer: unasked });
      this.addEventListener("portico-theme", () =>
        api.call("themed", { ink: getComputedStyle(this).getPropertyValue("--portico-ink").trim() }),
      );
      this.addEventListener("portico-route", (event) =>
        api.call("routed", { subPath: event.detail.subPath, attribute: this.dataset.subPath }),
      );
      await api.call("report", {
        origin: self.origin,
        cookie: await tried(() => document.cookie),
        storage: await tried(() => localStorage.length),
        network: await tried(() => fetch("/api/v1/llms").then((answer) => answer.status)),
        parent: await tried(() => parent.document.title),
        attributes: { ...this.dataset },
        context: api.context,
        ink: getComputedStyle(this).getPropertyValue("--portico-ink").trim(),
        failure: await api.call("fail", {}).then(
          () => "none",
          (error) => `${error.message} (${error.code})`,
        ),
      });
      api.notify("all done", "success");
    }
  },
);
