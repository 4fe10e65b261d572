customElements.define("test-probe", class extends HTMLElement {});
