// json-joy: one model for each replica, which has a new session id whenever it is loaded. All are forks of one
// model that creates the objects.
//
// json-joy merges no states, it applies patches; a message holds all patches of its sender in the order in which
// they came to it. A set is an object by its keys, or with `--set=list` the entries of an array. A list is an
// array, or with `--text` a string. Backups are models in the binary format.

import { createRequire } from 'node:module'
import { characters, list, options, serve, versionOf } from './driver.js'

// The package has CommonJS alone under `lib/`.
const require = createRequire(import.meta.url)
const { Model } = require('json-joy/lib/json-crdt')
const { Patch } = require('json-joy/lib/json-crdt-patch')

let first

class Replica {
  constructor({ id }) {
    this.sid = 65536 + id.readUIntBE(0, 6)
    this.model = first.fork(this.sid)
    this.patches = new Map()
  }

  change(edit) {
    edit(this.model.api)
    const patch = this.model.api.flush()
    if (!patch || patch.ops.length === 0) return false
    this.keep(patch)
  }

  /** Keeps a patch; says whether it is new. */
  keep(patch) {
    const id = patch.getId()
    const name = `${id.sid}/${id.time}`
    const isNew = !this.patches.has(name)
    this.patches.set(name, patch)
    return isNew
  }

  send() {
    return [...this.patches.values()].map((patch) => Buffer.from(patch.toBinary()).toString('base64')).join(' ')
  }

  receive(payload) {
    for (const text of payload.split(' ').filter((text) => text)) {
      const patch = Patch.fromBinary(Buffer.from(text, 'base64'))
      if (this.keep(patch)) this.model.applyPatch(patch)
    }
  }

  save() {
    return `${Buffer.from(this.model.toBinary()).toString('base64')}|${this.send()}`
  }

  load(payload) {
    const [model, patches] = payload.split('|')
    this.model = Model.load(Buffer.from(model, 'base64'), this.sid)
    for (const text of patches.split(' ').filter((text) => text)) this.keep(Patch.fromBinary(Buffer.from(text, 'base64')))
  }
}

const put = (object, key, value) => (value === null ? object.del([key]) : object.set(Object.fromEntries([[key, value]])))
/** The view of an object, less what was deleted. */
const view = ({ model }, object) => model.api.obj([object]).view()
const array = (replica, object) => replica.model.api.arr([object]).view()
const setOfKeys = {
  add: (replica, object, { element }) => replica.change((api) => put(api.obj([object]), element, true)),
  remove: (replica, object, { element }) => replica.change((api) => put(api.obj([object]), element, null)),
  read: (replica, object) => Object.keys(view(replica, object))
}
const setOfEntries = {
  add: (replica, object, { element }) =>
    replica.change((api) => api.arr([object]).ins(array(replica, object).length, [element])),
  remove: (replica, object, { element }) => replica.change((api) => {
    const entries = array(replica, object)
    for (let at = entries.length - 1; at >= 0; at -= 1) if (entries[at] === element) api.arr([object]).del(at, 1)
  }),
  read: (replica, object) => [...new Set(array(replica, object))]
}
const text = list({
  insert: (replica, object, index, element) =>
    replica.change((api) => api.str([object]).ins(index, characters.of(element))),
  remove: (replica, object, index) => replica.change((api) => api.str([object]).del(index, 1)),
  read: ({ model }, object) => characters.toNames(model.api.str([object]).view())
})
const ofArray = list({
  insert: (replica, object, index, element) => replica.change((api) => api.arr([object]).ins(index, [element])),
  remove: (replica, object, index) => replica.change((api) => api.arr([object]).del(index, 1)),
  read: array
})

serve({
  name: 'json-joy',
  version: versionOf('json-joy'),
  // It says so, since objects of JavaScript have a property of this name.
  refuses: ['__proto__'],
  Replica,
  prepare(objects) {
    const empty = { log: [], list: options.text ? '' : [], 'or-set': options.set === 'list' ? [] : {} }
    first = Model.create(undefined, 65535)
    first.api.set(Object.fromEntries([...objects].map(([name, { type }]) => [name, empty[type] ?? {}])))
    first.api.flush()
  },
  types: {
    'or-set': options.set === 'list' ? setOfEntries : setOfKeys,
    'lww-map': {
      put: (replica, object, { key, value }) => replica.change((api) => put(api.obj([object]), key, value)),
      delete: (replica, object, { key }) => replica.change((api) => put(api.obj([object]), key, null)),
      read: view
    },
    'lww-register': {
      write: (replica, object, { value }) => replica.change((api) => api.obj([object]).set({ value })),
      read: (replica, object) => view(replica, object).value ?? null
    },
    log: {
      append: (replica, object, { entry }) =>
        replica.change((api) => api.arr([object]).ins(array(replica, object).length, [entry])),
      read: array
    },
    list: options.text ? text : ofArray
  }
})
