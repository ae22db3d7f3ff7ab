// Speaks the subject protocol `rejoin-subject/1` (spec/trace-format.md) for an adapter.
//
// An adapter gives `serve` a class of replicas and, for each type that its library offers, functions
// that perform the operations and read the value. Everything else is done here: lines, names, positions in
// lists, replicas and their ids, and `unsupported` for whatever the adapter lacks.

import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'

/** Thrown where the library does not offer what is asked for. */
class Unsupported extends Error {}

/** Says that the library does not offer this. */
export function unsupported(reason) {
  throw new Unsupported(reason)
}

/** The options of the command line: `--set=list` is `options.set === 'list'`, `--text` is `options.text`. */
export const options = Object.fromEntries(process.argv.slice(2).map((argument) => {
  const [name, value = true] = argument.replace(/^--/, '').split('=')
  return [name, value]
}))

/** The version that is installed of a package. */
export function versionOf(name) {
  const require = createRequire(import.meta.url)
  for (const folder of require.resolve.paths(name)) {
    try {
      return require(`${folder}/${name}/package.json`).version
    } catch { /* not in this folder */ }
  }
  throw new Error(`${name} is not installed`)
}

/**
 * Single updates, as an application keeps them. A message holds all of them, so that nothing that it needs is
 * missing. They come in the order in which they came to the sender; with `--updates` in that of their
 * hashes, as from a folder or a bucket, which has no order.
 */
export class Updates {
  #kept = new Map()

  /** Keeps an update. Says whether it is new. */
  add(bytes) {
    const hash = createHash('sha256').update(bytes).digest('hex')
    const isNew = !this.#kept.has(hash)
    this.#kept.set(hash, Buffer.from(bytes))
    return isNew
  }

  encode() {
    return [...this.#kept.values()].map((bytes) => bytes.toString('base64')).join(' ')
  }

  /** Keeps what a message holds; returns what was not there before. */
  addAll(payload) {
    const updates = payload.split(' ').filter((text) => text).map((text) => Buffer.from(text, 'base64'))
    const hash = (bytes) => createHash('sha256').update(bytes).digest('hex')
    if (options.updates) updates.sort((left, right) => (hash(left) < hash(right) ? -1 : 1))
    return updates.filter((bytes) => this.add(bytes))
  }
}

/** Lists of names held in a text: every name has a character of its own. */
export const characters = {
  names: [],
  of(name) {
    let at = this.names.indexOf(name)
    if (at < 0) at = this.names.push(name) - 1
    return String.fromCharCode(0x4e00 + at)
  },
  toNames(text) {
    return [...text].map((character) => this.names[character.charCodeAt(0) - 0x4e00] ?? character)
  }
}

const STAMPED = ['lww-register', 'lww-map', 'log']

/** Whether a double holds all integers in this value. */
function isExact(value) {
  if (typeof value === 'number') {
    return !Number.isInteger(value) || Math.abs(value) < 2 ** 53 || value > 2 ** 64 || value < -(2 ** 63)
  }
  return value === null || typeof value !== 'object' || Object.values(value).every(isExact)
}

/** Whether all whole numbers in this value are below the limit. */
function isBelow(value, limit) {
  if (typeof value === 'number') return !Number.isInteger(value) || Math.abs(value) < limit
  return value === null || typeof value !== 'object' || Object.values(value).every((item) => isBelow(item, limit))
}

class Subject {
  constructor(adapter) {
    this.adapter = adapter
    this.replicas = new Map()
    this.objects = new Map()
    this.incarnations = 0
  }

  answer(request) {
    if (!Object.hasOwn(HANDLERS, request.event)) unsupported(`there is no request \`${request.event}\``)
    return HANDLERS[request.event].call(this, request)
  }

  /** A new replica under an id of its own, which no restored backup shares. */
  create(name) {
    this.incarnations += 1
    const id = createHash('sha256').update(`${name}/${this.incarnations}`).digest()
    return new this.adapter.Replica({ name, id, objects: this.objects })
  }

  replica(name) {
    return this.replicas.get(name) ?? fail(`there is no replica \`${name}\``)
  }

  type({ object }) {
    const { type } = this.objects.get(object) ?? fail(`there is no object \`${object}\``)
    return this.adapter.types[type]
  }

  /** Which objects a message is about: all, or those that are named where the library has a state for each. */
  parts({ objects, since, operations, relays }) {
    if (since || operations || relays) unsupported('messages hold the whole state')
    if (objects && !this.adapter.isByObject) unsupported('the document is sent as a whole')
    return objects ?? [...this.objects.keys()]
  }
}

function fail(message) {
  throw new Error(message)
}

const HANDLERS = {
  start({ replicas, objects, stamps, protocol }) {
    if (protocol !== 'rejoin-subject/1') unsupported(`the protocol is rejoin-subject/1, not ${protocol}`)
    for (const { type } of Object.values(objects)) {
      if (!Object.hasOwn(this.adapter.types, type)) unsupported(`${this.adapter.name} has no ${type}`)
      const isOwn = STAMPED.includes(type) && !this.adapter.types[type].takesTimestamps
      if (stamps !== 'own' && isOwn) unsupported(`${this.adapter.name} orders writes by a rule of its own`)
    }
    this.stamps = stamps
    this.objects = new Map(Object.entries(objects))
    this.incarnations = 0
    characters.names = []
    this.replicas = new Map()
    this.adapter.prepare?.(this.objects)
    for (const name of replicas) this.replicas.set(name, this.create(name))
    return { ok: true, implementation: { name: this.adapter.name, version: this.adapter.version } }
  },

  op(request) {
    const type = this.type(request)
    const replica = this.replica(request.replica)
    if (!Object.hasOwn(type, request.op)) unsupported(`${this.adapter.name} has no \`${request.op}\` here`)
    if (!isExact(request)) unsupported('a number of JavaScript is exact up to 2^53')
    const refused = this.adapter.refuses?.find((name) => JSON.stringify(request).includes(JSON.stringify(name)))
    if (refused) unsupported(`${this.adapter.name} refuses the name ${refused}`)
    if (this.adapter.hasIntegers && !isBelow(request, 2 ** 53)) unsupported('a whole number has 64 bits and a sign')
    const arguments_ = { ...request, amount: Number(request.amount ?? 1), stamps: this.stamps }
    if (arguments_.amount > 2 ** 31) unsupported('a number of JavaScript is exact up to 2^53')
    if (type.at) Object.assign(arguments_, type.at(type.read(replica, request.object), request))
    const isIdle = type[request.op](replica, request.object, arguments_) === false
    if (isIdle && options['leave-out-idle']) unsupported('the library makes no operation of this call')
    return { ok: true }
  },

  send(request) {
    return { payload: this.replica(request.replica).send(this.parts(request)) }
  },

  receive(request) {
    this.replica(request.replica).receive(request.payload)
    return { ok: true }
  },

  sync(request) {
    const [left, right] = request.replicas.map((name) => this.replica(name))
    const parts = this.parts(request)
    if (this.adapter.Replica.sync) {
      this.adapter.Replica.sync(left, right)
    } else {
      right.receive(left.send(parts))
      left.receive(right.send(parts))
    }
    return { ok: true }
  },

  read(request) {
    const { replica, object, element, key } = request
    const value = this.type(request).read(this.replica(replica), object)
    if (element !== undefined) return { value: value.includes(element) }
    if (key !== undefined) {
      const nothing = this.objects.get(object).type === 'mv-map' ? [] : null
      return { value: Object.hasOwn(value, key) ? value[key] : nothing }
    }
    return { value }
  },

  digest({ replica, object, algorithm }) {
    if (object || algorithm || !this.adapter.Replica.prototype.digest) unsupported('no such digest')
    return { digest: this.replica(replica).digest() }
  },

  save({ replica }) {
    const saved = this.replica(replica)
    return { payload: saved.save ? saved.save() : saved.send([...this.objects.keys()]) }
  },

  restore({ replica, payload }) {
    const restored = this.create(replica)
    if (restored.load) restored.load(payload)
    else restored.receive(payload)
    this.replicas.set(replica, restored)
    return { ok: true }
  },

  stop() {
    return { ok: true }
  }
}

/** The functions of a list for `types`, from those that insert and delete at an index. */
export function list({ insert, remove, read }) {
  return {
    read,
    /** Where the element goes, or is: where its neighbours are in the list of this moment. */
    at(names, { op, element, after, before }) {
      if (op === 'delete') return { index: names.indexOf(element) }
      const [left, right] = [names.indexOf(after), names.indexOf(before)]
      const isLost = (after ?? before) != null && left < 0 && right < 0
      if (isLost) unsupported('neither neighbour is in the list any more')
      return { index: left >= 0 ? left + 1 : right >= 0 ? right : names.length }
    },
    insert: (replica, object, { index, element }) => insert(replica, object, index, element),
    delete: (replica, object, { index }) => index >= 0 && remove(replica, object, index)
  }
}

/** Reads requests and writes replies until `stop` or the end of the input. */
export function serve(adapter) {
  const subject = new Subject(adapter)
  createInterface({ input: process.stdin, crlfDelay: Infinity }).on('line', (line) => {
    let request = {}
    let reply
    try {
      request = JSON.parse(line)
      reply = subject.answer(request)
    } catch (error) {
      if (!(error instanceof Unsupported)) process.stderr.write(`${error.stack ?? error}\n`)
      reply = error instanceof Unsupported ? { unsupported: error.message } : { error: String(error) }
    }
    process.stdout.write(`${JSON.stringify({ seq: request.seq, ...reply })}\n`)
    if (request.event === 'stop') process.stdout.write('', () => process.exit(0))
  })
}
