export class Module extends HTMLElement {}
customElements.define("test-module", Module);
