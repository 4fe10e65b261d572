/**
 * Runs before any other script in every frame of a plugin. The frame's policy stops fetches, sockets and forms, but no policy that browsers
 * know stops peer connections, so their constructors are taken away here for good. Nested frames give nothing back: they have
 * another origin (no script here can reach into them), and the policies of frame.ts keep scripts of the plugin from running there.
 */
(() => {
  const names = /^(?:webkit|moz|ms|o)?(?:RTC|PeerConnection|WebTransport|Presentation)/;
  const known = ["RTCPeerConnection", "webkitRTCPeerConnection", "mozRTCPeerConnection", "RTCDataChannel", "WebTransport"];
  for (const name of new Set([...known, ...Object.getOwnPropertyNames(window).filter((one) => names.test(one))]))
    Object.defineProperty(window, name, { value: undefined, writable: false, enumerable: false, configurable: false });
})();
