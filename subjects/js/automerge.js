// Automerge: one document for each replica, which has a new actor whenever it is loaded. All begin with one
// change that creates the objects, as its documentation asks for.
//
// A set is a map of its elements to `true`, or with `--set=list` the entries of a list. A list is a list, or with
// `--text` a text. With `--updates` replicas exchange single changes without an order, else whole documents;
// `sync` is Automerge's own sync protocol.

import * as A from '@automerge/automerge'
import { Updates, characters, list, options, serve, versionOf } from './driver.js'

const EMPTY = {
  'or-set': () => (options.set === 'list' ? [] : {}),
  'g-counter': () => new A.Counter(0),
  'pn-counter': () => new A.Counter(0),
  log: () => [],
  list: () => (options.text ? '' : []),
  'lww-register': () => ({}),
  'mv-register': () => ({})
}

let first

class Replica {
  constructor({ id }) {
    this.actor = id.toString('hex', 0, 16)
    this.doc = A.load(first, { actor: this.actor })
    this.updates = options.updates && new Updates()
  }

  /** Says whether the change was one. */
  change(edit) {
    const before = this.doc
    this.doc = A.change(before, { time: 0 }, edit)
    const isChange = A.getHeads(before).join() !== A.getHeads(this.doc).join()
    if (isChange && this.updates) this.updates.add(A.getLastLocalChange(this.doc))
    return isChange
  }

  send() {
    return this.updates ? this.updates.encode() : this.save()
  }

  receive(payload) {
    if (this.updates) {
      for (const change of this.updates.addAll(payload)) [this.doc] = A.applyChanges(this.doc, [change])
    } else {
      this.doc = A.merge(this.doc, A.load(Buffer.from(payload, 'base64')))
    }
  }

  save() {
    const saved = Buffer.from(A.save(this.doc)).toString('base64')
    return this.updates ? `${saved}|${this.updates.encode()}` : saved
  }

  load(payload) {
    const [saved, updates = ''] = payload.split('|')
    this.doc = A.load(Buffer.from(saved, 'base64'), { actor: this.actor })
    if (this.updates) this.updates.addAll(updates)
  }

  digest() {
    return A.getHeads(this.doc).sort().join()
  }

  static sync(left, right) {
    if (options.updates) {
      right.receive(left.send())
      left.receive(right.send())
      return
    }
    const states = [A.initSyncState(), A.initSyncState()]
    const peers = [left, right]
    for (let quiet = 0, at = 0; quiet < 2; at = 1 - at) {
      const [state, message] = A.generateSyncMessage(peers[at].doc, states[at])
      states[at] = state
      quiet = message ? 0 : quiet + 1
      if (message) {
        const other = 1 - at
        ;[peers[other].doc, states[other]] = A.receiveSyncMessage(peers[other].doc, states[other], message)
      }
    }
  }
}

const put = (map, key, value) => {
  if (value === null) delete map[key]
  else map[key] = value
}
/** A value as JSON has it: whole numbers from 2^53 - 1 on are read as BigInt. */
const plain = (value) =>
  JSON.parse(JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? Number(item) : item)))
/** The concurrent values of a key. */
const values = (map, key) => {
  if (!Object.hasOwn(map, key)) return []
  return plain(Object.values(A.getConflicts(map, key) ?? [map[key]]))
}
const counter = {
  increment: (replica, object, { amount }) => replica.change((doc) => doc[object].increment(amount)),
  read: ({ doc }, object) => doc[object].value
}
const map = {
  put: (replica, object, { key, value }) => replica.change((doc) => put(doc[object], key, value)),
  delete: (replica, object, { key }) => replica.change((doc) => put(doc[object], key, null)),
  read: ({ doc }, object) => plain(doc[object])
}
const register = {
  write: (replica, object, { value }) => replica.change((doc) => { doc[object].value = value }),
  read: ({ doc }, object) => plain(doc[object].value ?? null)
}

const setOfKeys = {
  add: (replica, object, { element }) => replica.change((doc) => put(doc[object], element, true)),
  remove: (replica, object, { element }) => replica.change((doc) => put(doc[object], element, null)),
  read: ({ doc }, object) => Object.keys(doc[object])
}
const setOfEntries = {
  add: (replica, object, { element }) => replica.change((doc) => void doc[object].push(element)),
  remove: (replica, object, { element }) => replica.change((doc) => {
    const entries = doc[object]
    for (let at = entries.length - 1; at >= 0; at -= 1) if (entries[at] === element) entries.deleteAt(at)
  }),
  read: ({ doc }, object) => [...new Set(plain(doc[object]))]
}

const ofList = list({
  insert: (replica, object, index, element) => replica.change((doc) => doc[object].insertAt(index, element)),
  remove: (replica, object, index) => replica.change((doc) => doc[object].deleteAt(index)),
  read: ({ doc }, object) => plain(doc[object])
})
const ofText = list({
  insert: (replica, object, index, element) =>
    replica.change((doc) => A.splice(doc, [object], index, 0, characters.of(element))),
  remove: (replica, object, index) => replica.change((doc) => A.splice(doc, [object], index, 1)),
  read: ({ doc }, object) => characters.toNames(doc[object])
})

serve({
  name: '@automerge/automerge',
  version: versionOf('@automerge/automerge'),
  // It says so, since objects of JavaScript have a property of this name.
  refuses: ['__proto__'],
  // Greater whole numbers become others (trophies/automerge-large-numbers).
  hasIntegers: true,
  Replica,
  prepare(objects) {
    const entries = [...objects].map(([name, { type }]) => [name, (EMPTY[type] ?? (() => ({})))()])
    const doc = A.change(A.init({ actor: '00'.repeat(16) }), { time: 0 }, (doc) => {
      for (const [name, empty] of entries) doc[name] = empty
    })
    first = A.save(doc)
  },
  types: {
    'g-counter': counter,
    'pn-counter': {
      ...counter,
      decrement: (replica, object, { amount }) => replica.change((doc) => doc[object].decrement(amount))
    },
    'or-set': options.set === 'list' ? setOfEntries : setOfKeys,
    'lww-map': map,
    'lww-register': register,
    'mv-map': {
      ...map,
      read: ({ doc }, object) => Object.fromEntries(Object.keys(doc[object]).map((key) => [key, values(doc[object], key)]))
    },
    'mv-register': {
      ...register,
      read: ({ doc }, object) => values(doc[object], 'value').filter((value) => value !== null)
    },
    log: {
      append: (replica, object, { entry }) => replica.change((doc) => void doc[object].push(entry)),
      read: ({ doc }, object) => plain(doc[object])
    },
    list: options.text ? ofText : ofList
  }
})
