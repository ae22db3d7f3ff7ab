// Loro: one document for each replica, which has a new peer id whenever it is loaded.
//
// A set is a LoroMap by its keys, or with `--set=list` the entries of a LoroList. A list is a LoroList, with
// `--movable` a LoroMovableList, with `--text` a LoroText. With `--updates` replicas exchange single updates without
// an order, else whole states; `sync` exchanges version vectors and what the other lacks. Backups are snapshots.

import { LoroDoc } from 'loro-crdt'
import { Updates, characters, list, options, serve, versionOf } from './driver.js'

class Replica {
  constructor({ id }) {
    this.doc = new LoroDoc()
    this.doc.setPeerId(id.readBigUInt64BE() >> 1n)
    this.updates = options.updates && new Updates()
  }

  /** Says whether the library made an operation of the edit. */
  change(edit) {
    const before = this.doc.version()
    edit(this.doc)
    this.doc.commit()
    const isChange = before.compare(this.doc.version()) !== 0
    if (isChange && this.updates) this.updates.add(this.doc.export({ mode: 'update', from: before }))
    return isChange
  }

  send() {
    return this.updates ? this.updates.encode() : Buffer.from(this.doc.export({ mode: 'update' })).toString('base64')
  }

  receive(payload) {
    const updates = this.updates ? this.updates.addAll(payload) : [Buffer.from(payload, 'base64')]
    for (const update of updates) this.doc.import(update)
  }

  save() {
    const saved = Buffer.from(this.doc.export({ mode: 'snapshot' })).toString('base64')
    return this.updates ? `${saved}|${this.updates.encode()}` : saved
  }

  load(payload) {
    const [saved, updates = ''] = payload.split('|')
    this.doc.import(Buffer.from(saved, 'base64'))
    if (this.updates) this.updates.addAll(updates)
  }

  digest() {
    return JSON.stringify([...this.doc.version().toJSON()].sort())
  }

  static sync(left, right) {
    if (options.updates) {
      right.receive(left.send())
      left.receive(right.send())
      return
    }
    const ofLeft = left.doc.version()
    right.doc.import(left.doc.export({ mode: 'update', from: right.doc.version() }))
    left.doc.import(right.doc.export({ mode: 'update', from: ofLeft }))
  }
}

const put = (map, key, value) => (value === null ? map.delete(key) : map.set(key, value))
const counter = {
  increment: (replica, object, { amount }) => replica.change((doc) => doc.getCounter(object).increment(amount)),
  read: ({ doc }, object) => doc.getCounter(object).value
}
const setOfKeys = {
  add: (replica, object, { element }) => replica.change((doc) => doc.getMap(object).set(element, true)),
  remove: (replica, object, { element }) => replica.change((doc) => doc.getMap(object).delete(element)),
  read: ({ doc }, object) => doc.getMap(object).keys()
}
const setOfEntries = {
  add: (replica, object, { element }) => replica.change((doc) => doc.getList(object).push(element)),
  remove: (replica, object, { element }) => replica.change((doc) => {
    const entries = doc.getList(object)
    for (let at = entries.length - 1; at >= 0; at -= 1) if (entries.get(at) === element) entries.delete(at, 1)
  }),
  read: ({ doc }, object) => [...new Set(doc.getList(object).toJSON())]
}
const sequence = (of) => list({
  insert: (replica, object, index, element) => replica.change((doc) => of(doc, object).insert(index, element)),
  remove: (replica, object, index) => replica.change((doc) => of(doc, object).delete(index, 1)),
  read: ({ doc }, object) => of(doc, object).toJSON()
})
const text = list({
  insert: (replica, object, index, element) =>
    replica.change((doc) => doc.getText(object).insert(index, characters.of(element))),
  remove: (replica, object, index) => replica.change((doc) => doc.getText(object).delete(index, 1)),
  read: ({ doc }, object) => characters.toNames(doc.getText(object).toString())
})
const ofList = sequence((doc, object) => doc.getList(object))
const movable = sequence((doc, object) => doc.getMovableList(object))

serve({
  name: 'loro-crdt',
  version: versionOf('loro-crdt'),
  Replica,
  types: {
    'g-counter': counter,
    'pn-counter': {
      ...counter,
      decrement: (replica, object, { amount }) => replica.change((doc) => doc.getCounter(object).decrement(amount))
    },
    'or-set': options.set === 'list' ? setOfEntries : setOfKeys,
    'lww-map': {
      put: (replica, object, { key, value }) => replica.change((doc) => put(doc.getMap(object), key, value)),
      delete: (replica, object, { key }) => replica.change((doc) => doc.getMap(object).delete(key)),
      read: ({ doc }, object) => Object.fromEntries(doc.getMap(object).entries())
    },
    'lww-register': {
      write: (replica, object, { value }) => replica.change((doc) => doc.getMap('registers').set(object, value)),
      read: ({ doc }, object) => doc.getMap('registers').get(object) ?? null
    },
    log: {
      append: (replica, object, { entry }) => replica.change((doc) => doc.getList(object).push(entry)),
      read: ({ doc }, object) => doc.getList(object).toJSON()
    },
    list: options.text ? text : options.movable ? movable : ofList
  }
})
