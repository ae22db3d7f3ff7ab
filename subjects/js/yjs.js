// Yjs: one document for each replica, which has a new client id whenever it is loaded.
//
// A set is a Y.Map by its keys, as most applications keep one, or with `--set=list` the entries of a Y.Array.
// A list is a Y.Array, or with `--text` a Y.Text. With `--updates` replicas exchange single updates without an
// order, else whole states; `sync` exchanges state vectors and what the other lacks.

import * as Y from 'yjs'
import { Updates, characters, list, options, serve, versionOf } from './driver.js'

class Replica {
  constructor({ id }) {
    this.doc = new Y.Doc({ gc: !options['no-gc'] })
    this.doc.clientID = id.readUInt32BE()
    this.updates = options.updates && new Updates()
    this.doc.on('update', (update, origin) => origin !== 'peer' && this.updates && this.updates.add(update))
  }

  send() {
    return this.updates ? this.updates.encode() : Buffer.from(Y.encodeStateAsUpdate(this.doc)).toString('base64')
  }

  receive(payload) {
    const updates = this.updates ? this.updates.addAll(payload) : [Buffer.from(payload, 'base64')]
    for (const update of updates) Y.applyUpdate(this.doc, update, 'peer')
  }

  digest() {
    return Buffer.from(Y.encodeSnapshot(Y.snapshot(this.doc))).toString('base64')
  }

  static sync(left, right) {
    if (options.updates) {
      right.receive(left.send())
      left.receive(right.send())
      return
    }
    const [ofLeft, ofRight] = [left, right].map(({ doc }) => Y.encodeStateVector(doc))
    Y.applyUpdate(right.doc, Y.encodeStateAsUpdate(left.doc, ofRight), 'peer')
    Y.applyUpdate(left.doc, Y.encodeStateAsUpdate(right.doc, ofLeft), 'peer')
  }
}

const put = (map, key, value) => (value === null ? map.delete(key) : map.set(key, value))
const map = ({ doc }, object) => doc.getMap(object)
const array = ({ doc }, object) => doc.getArray(object)

const setOfKeys = {
  add: (replica, object, { element }) => void map(replica, object).set(element, true),
  remove: (replica, object, { element }) => void map(replica, object).delete(element),
  read: (replica, object) => [...map(replica, object).keys()]
}

const setOfEntries = {
  add: (replica, object, { element }) => void array(replica, object).push([element]),
  remove: (replica, object, { element }) => {
    const entries = array(replica, object)
    for (let at = entries.length - 1; at >= 0; at -= 1) if (entries.get(at) === element) entries.delete(at)
  },
  read: (replica, object) => [...new Set(array(replica, object).toArray())]
}

const text = list({
  insert: ({ doc }, object, index, element) => void doc.getText(object).insert(index, characters.of(element)),
  remove: ({ doc }, object, index) => void doc.getText(object).delete(index, 1),
  read: ({ doc }, object) => characters.toNames(doc.getText(object).toString())
})

serve({
  name: 'yjs',
  version: versionOf('yjs'),
  Replica,
  types: {
    'or-set': options.set === 'list' ? setOfEntries : setOfKeys,
    'lww-map': {
      put: (replica, object, { key, value }) => void put(map(replica, object), key, value),
      delete: (replica, object, { key }) => void map(replica, object).delete(key),
      read: (replica, object) => Object.fromEntries(map(replica, object).entries())
    },
    'lww-register': {
      write: (replica, object, { value }) => void map(replica, 'registers').set(object, value),
      read: (replica, object) => map(replica, 'registers').get(object) ?? null
    },
    log: {
      append: (replica, object, { entry }) => void array(replica, object).push([entry]),
      read: (replica, object) => array(replica, object).toArray()
    },
    list: options.text ? text : list({
      insert: (replica, object, index, element) => void array(replica, object).insert(index, [element]),
      remove: (replica, object, index) => void array(replica, object).delete(index),
      read: (replica, object) => array(replica, object).toArray()
    })
  }
})
