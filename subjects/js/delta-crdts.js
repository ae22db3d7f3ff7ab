// delta-crdts: one replica of the library for each object of each replica, which has a new id whenever it is loaded.
//
// Messages hold whole states; with `--deltas` the deltas that were made and applied, in order; with `--updates` these
// without an order. Maps are
// ORMaps of mvregs. A register takes the timestamp that it is given; with own stamps, one above the last that it saw.

import { createRequire } from 'node:module'
import { Updates, list, options, serve, unsupported, versionOf } from './driver.js'

const require = createRequire(import.meta.url)
const CRDT = require('delta-crdts')
const { encode, decode } = require('delta-crdts-msgpack-codec')

const OF_TYPE = {
  'g-counter': 'gcounter',
  'pn-counter': 'pncounter',
  'g-set': 'gset',
  '2p-set': '2pset',
  'or-set': 'aworset',
  'rw-set': 'rworset',
  'ew-flag': 'ewflag',
  'dw-flag': 'dwflag',
  'lww-register': 'lwwreg',
  'mv-register': 'mvreg',
  'mv-map': 'ormap',
  log: 'rga',
  list: 'rga'
}

const SENDS_DELTAS = options.deltas || options.updates

class Replica {
  constructor({ id, objects }) {
    this.states = new Map()
    this.deltas = new Map()
    for (const [name, { type }] of objects) {
      this.states.set(name, CRDT(OF_TYPE[type])(id.toString('base64url', 0, 9)))
      this.deltas.set(name, new Updates())
    }
  }

  change(object, mutator, ...args) {
    this.deltas.get(object).add(encode(this.states.get(object)[mutator](...args)).slice())
  }

  value(object) {
    return this.states.get(object).value()
  }

  send(objects) {
    const content = (name) => SENDS_DELTAS
      ? this.deltas.get(name).encode()
      : encode(this.states.get(name).state()).toString('base64')
    return JSON.stringify(Object.fromEntries(objects.map((name) => [name, content(name)])))
  }

  receive(payload) {
    for (const [name, content] of Object.entries(JSON.parse(payload))) {
      const deltas = SENDS_DELTAS ? this.deltas.get(name).addAll(content) : [Buffer.from(content, 'base64')]
      for (const delta of deltas) this.states.get(name).apply(decode(delta))
    }
  }
}

const repeat = (replica, object, mutator, amount) => {
  if (amount > 1000) unsupported('the counters of delta-crdts step by one')
  for (let step = 0; step < amount; step += 1) replica.change(object, mutator)
}
const counter = {
  increment: (replica, object, { amount }) => repeat(replica, object, 'inc', amount),
  read: (replica, object) => replica.value(object)
}
const set = {
  add: (replica, object, { element }) => replica.change(object, 'add', element),
  remove: (replica, object, { element }) => replica.change(object, 'remove', element),
  read: (replica, object) => [...replica.value(object)]
}
const flag = {
  enable: (replica, object) => replica.change(object, 'enable'),
  disable: (replica, object) => replica.change(object, 'disable'),
  read: (replica, object) => replica.value(object)
}
const erase = (replica, object, key) =>
  Object.hasOwn(replica.value(object), key) && replica.change(object, 'remove', key)
const values = (set) => [...set].filter((value) => value !== null)

serve({
  name: 'delta-crdts',
  version: versionOf('delta-crdts'),
  isByObject: true,
  // Its encoding does.
  refuses: ['__proto__'],
  Replica,
  types: {
    'g-counter': counter,
    'pn-counter': {
      ...counter,
      decrement: (replica, object, { amount }) => repeat(replica, object, 'dec', amount)
    },
    'g-set': { add: set.add, read: set.read },
    '2p-set': set,
    'or-set': set,
    'rw-set': set,
    'ew-flag': flag,
    'dw-flag': flag,
    'lww-register': {
      takesTimestamps: true,
      write(replica, object, { value, timestamp, stamps }) {
        const stamp = stamps === 'own' ? replica.states.get(object).state()[0] + 1 : Number(timestamp)
        if (Number.isNaN(stamp)) unsupported('a timestamp is one number')
        replica.change(object, 'write', stamp, value)
      },
      read: (replica, object) => replica.value(object)
    },
    'mv-register': {
      write: (replica, object, { value }) => replica.change(object, 'write', value),
      read: (replica, object) => values(replica.value(object))
    },
    'mv-map': {
      put: (replica, object, { key, value }) => replica.change(object, 'applySub', key, 'mvreg', 'write', value),
      delete: (replica, object, { key }) => erase(replica, object, key),
      read: (replica, object) => Object.fromEntries(
        Object.entries(replica.value(object)).map(([key, set]) => [key, values(set)]).filter(([, all]) => all.length)
      )
    },
    log: {
      append: (replica, object, { entry }) => replica.change(object, 'push', entry),
      read: (replica, object) => replica.value(object)
    },
    list: list({
      insert: (replica, object, index, element) => replica.change(object, 'insertAt', index, element),
      remove: (replica, object, index) => replica.change(object, 'removeAt', index),
      read: (replica, object) => replica.value(object)
    })
  }
})
