import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const toBrotli = promisify(brotliCompress);
const toGzip = promisify(gzip);
const minBytes = 1024;

/** Writes `.br` and `.gz` beside every text file of a folder, so that the best compression is paid for once, at build time. */
export async function precompress(dir) {
  const names = await readdir(dir, { recursive: true });
  const queue = names.filter((name) => /\.(?:js|css|json|svg|txt)$/.test(name));
  const worker = async () => {
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      const file = join(dir, name);
      if ((await stat(file)).size < minBytes) continue;
      const bytes = await readFile(file);
      const params = { [constants.BROTLI_PARAM_QUALITY]: 10, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
      await Promise.all([
        toBrotli(bytes, { params }).then((packed) => writeFile(`${file}.br`, packed)),
        toGzip(bytes, { level: 9 }).then((packed) => writeFile(`${file}.gz`, packed)),
      ]);
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
}
