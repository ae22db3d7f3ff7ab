// Two replicas write at one time and exchange their deltas. Both must show the same.

const CRDT = require('delta-crdts')

let differs = false
for (const [one, other] of [['text', 2], [{ a: 1 }, { a: 2 }]]) {
  const [left, right] = [CRDT('lwwreg')('left'), CRDT('lwwreg')('right')]
  const [ofLeft, ofRight] = [left.write(1, one), right.write(1, other)]
  left.apply(ofRight)
  right.apply(ofLeft)
  differs ||= JSON.stringify(left.value()) !== JSON.stringify(right.value())
  console.log('left:', left.value(), 'right:', right.value())
}
process.exitCode = differs ? 1 : 0
