// Unpacks into TMPDIR what the package has: the browser, a font, and system libraries that a machine may lack.
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { inflate } from "@sparticuz/chromium";

const packed = join(dirname(fileURLToPath(import.meta.resolve("@sparticuz/chromium"))), "..", "bin");
for (const name of await readdir(packed)) await inflate(join(packed, name));
