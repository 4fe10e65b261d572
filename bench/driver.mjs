// The other end of every measurement: load and vendor in one process, which polls while it measures a job with `poll`. A process that
// sleeps has to be woken, and on a virtual machine the server under test pays for that: the oftener the slower it is. Prints the vendor's
// port as JSON, then takes one measurement a line from standard input and answers it with a line: { result } or { error }.
import { createInterface } from "node:readline";
import { measure } from "./load.mjs";
import { startVendor } from "./vendor.mjs";

const print = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

print({ port: await startVendor() });
let isMeasuring = false;
function poll() {
  if (isMeasuring) setImmediate(poll);
}

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  isMeasuring = job.poll === true;
  poll();
  try {
    print({ result: await measure(job) });
  } catch (error) {
    print({ error: error.message });
  } finally {
    isMeasuring = false;
  }
}
process.exit(0);
