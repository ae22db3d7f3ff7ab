// Sends every delta that a replica makes to another one, in order. Both must show the same.

const CRDT = require('delta-crdts')

let differs = false
function compare(type, ...mutations) {
  const [writer, reader] = [CRDT(type)('writer'), CRDT(type)('reader')]
  for (const [mutator, ...args] of mutations) reader.apply(writer[mutator](...args))
  differs ||= JSON.stringify(show(writer)) !== JSON.stringify(show(reader))
  console.log(type, 'writer:', show(writer), 'reader:', show(reader))
}
const show = (replica) => (replica.value() instanceof Set ? [...replica.value()] : replica.value())

compare('aworset', ['add', 'x'], ['remove', 'x'])
compare('ewflag', ['enable'], ['disable'])
compare('dwflag', ['disable'], ['enable'])
process.exitCode = differs ? 1 : 0
