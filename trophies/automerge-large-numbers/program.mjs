// Assigns whole numbers to a key. Each must be read as it was assigned.

import * as A from '@automerge/automerge'

let differs = false
for (const number of [0.5, 2 ** 52, 1e20, -1e20, Number.MAX_VALUE]) {
  const doc = A.change(A.from({ number: 0 }), (draft) => { draft.number = number })
  differs ||= doc.number !== number
  console.log('assigned:', number, 'read:', doc.number)
}
process.exitCode = differs ? 1 : 0
