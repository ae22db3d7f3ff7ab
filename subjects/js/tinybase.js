// TinyBase: one MergeableStore for each replica, which has a new id whenever it is loaded.
//
// A set is the rows of a table, a map the cells of a row, a register a value of the store. The store's clock is
// given a time that stands still, so that its own counter orders what one replica has seen. `sync` is `merge`.

import { deserialize, serialize } from 'node:v8'
import { createMergeableStore } from 'tinybase'
import { serve, versionOf } from './driver.js'

class Replica {
  constructor({ id }) {
    this.store = createMergeableStore(id.toString('base64url'), () => 1_700_000_000_000)
  }

  /** Says whether the store made a change of the edit. */
  change(edit) {
    const before = this.digest()
    edit(this.store)
    return before !== this.digest()
  }

  send() {
    return serialize(this.store.getMergeableContent()).toString('base64')
  }

  receive(payload) {
    this.store.applyMergeableChanges(deserialize(Buffer.from(payload, 'base64')))
  }

  load(payload) {
    this.store.setMergeableContent(deserialize(Buffer.from(payload, 'base64')))
  }

  digest() {
    return JSON.stringify(this.store.getMergeableContentHashes())
  }

  static sync(left, right) {
    left.store.merge(right.store)
  }
}

const ROW = 'row'
const put = (store, object, key, value) =>
  value === null ? store.delCell(object, ROW, key, true) : store.setCell(object, ROW, key, value)

serve({
  name: 'tinybase',
  version: versionOf('tinybase'),
  Replica,
  types: {
    'or-set': {
      add: (replica, object, { element }) => replica.change((store) => store.setRow(object, element, { in: true })),
      remove: (replica, object, { element }) => replica.change((store) => store.delRow(object, element)),
      read: ({ store }, object) => store.getRowIds(object)
    },
    'lww-map': {
      put: (replica, object, { key, value }) => replica.change((store) => put(store, object, key, value)),
      delete: (replica, object, { key }) => replica.change((store) => put(store, object, key, null)),
      read: ({ store }, object) => {
        const keys = store.getCellIds(object, ROW)
        return Object.fromEntries(keys.map((key) => [key, store.getCell(object, ROW, key)]))
      }
    },
    'lww-register': {
      write: (replica, object, { value }) => replica.change((store) => store.setValue(object, value)),
      read: ({ store }, object) => store.getValue(object) ?? null
    }
  }
})
