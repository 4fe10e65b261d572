import { readFileSync } from "node:fs";
import { answerQuestions } from "@portico/core/worker-thread";
import { newQuickJSWASMModuleFromVariant } from "quickjs-emscripten-core";
import type { Answer, Question } from "../types.ts";
import { createSandbox } from "./sandbox.ts";

/* A thread of its own for scripts: its owner ends it when it does not stop by itself. */

const prelude = readFileSync(new URL("./prelude.js", import.meta.url), "utf8");
const sandbox = createSandbox(await newQuickJSWASMModuleFromVariant(import("@jitl/quickjs-wasmfile-release-sync")), prelude);
answerQuestions<Question, Answer>(sandbox.answer);
