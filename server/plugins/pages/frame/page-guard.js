/**
 * In front of an HTML page of a plugin, whose own scripts the parser inserts. A nested frame with inline HTML would run them again in a realm
 * that still has its peer connections; as the page's policy requires trusted types, any HTML that a script writes passes here first.
 */
(() => {
  const types = window.trustedTypes;
  if (!types) return;
  types.createPolicy("default", {
    createHTML: (html, _type, sink) => (/srcdoc/i.test(sink ?? "") ? "" : html.replace(/srcdoc|<!entity/gi, "data-off")),
    createScript: (script) => script,
    createScriptURL: (url) => url,
  });
  // Builds elements and attributes from a style sheet, past that policy.
  Object.defineProperty(window, "XSLTProcessor", { value: undefined, writable: false, configurable: false });
  // Libraries that find this would ask for policies of their own, which the page may not have.
  Object.defineProperty(window, "trustedTypes", { value: undefined, writable: false, configurable: false });
})();
