// `import "rejoin/jest"` gives jest's `expect` the matcher `toConform`.

import { expect } from "@jest/globals";
import { matchers } from "./index.js";

expect.extend(matchers);
