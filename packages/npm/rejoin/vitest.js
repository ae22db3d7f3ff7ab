// `import "rejoin/vitest"` gives vitest's `expect` the matcher `toConform`.

import { expect } from "vitest";
import { matchers } from "./index.js";

expect.extend(matchers);
