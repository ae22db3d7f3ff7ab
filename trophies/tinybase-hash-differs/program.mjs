// A store sets a value and another one merges it. Stores of equal content must have equal hashes.

import { createMergeableStore } from 'tinybase'

let differs = false
for (const value of ['text', 1, true, null, [1], { a: 1 }]) {
  const writer = createMergeableStore('writer')
  const reader = createMergeableStore('reader')
  writer.setValue('v', value)
  reader.merge(writer)
  const [ofWriter, ofReader] = [writer, reader].map((store) => store.getMergeableContentHashes()[1])
  differs ||= ofWriter !== ofReader
  console.log(JSON.stringify(reader.getValue('v')), 'writer:', ofWriter, 'reader:', ofReader)
}
process.exitCode = differs ? 1 : 0
