import { type MicroUsd, type NanoUsd, splitNano } from "@portico/core";

/**
 * Rounds costs to micro-dollars for hubs that count nothing finer. What is left over is carried to the next call of the same app and LLM, so
 * that calls that each cost less than a micro-dollar add up there too.
 */
export type MicroRounding = (appId: number, llmId: number, costNanoUsd: NanoUsd) => MicroUsd;

export function createMicroRounding(): MicroRounding {
  const carried = new Map<number, Map<number, NanoUsd>>();
  return (appId, llmId, costNanoUsd) => {
    const { microUsd, restNanoUsd } = splitNano(costNanoUsd);
    if (restNanoUsd === 0) return microUsd;
    let ofApp = carried.get(appId);
    if (!ofApp) {
      ofApp = new Map();
      carried.set(appId, ofApp);
    }
    const rest = (ofApp.get(llmId) ?? 0) + restNanoUsd;
    const whole = rest >= 1_000 ? 1 : 0;
    ofApp.set(llmId, rest - 1_000 * whole);
    return microUsd + whole;
  };
}
