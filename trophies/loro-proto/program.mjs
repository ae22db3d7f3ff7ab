// An object with a member `__proto__`, as JSON.parse makes one, is put into a LoroMap and read.

import { LoroDoc } from 'loro-crdt'

const [writer, reader] = [new LoroDoc(), new LoroDoc()]
writer.getMap('users').set('ann', JSON.parse('{"name":"Ann","__proto__":{"isAdmin":true}}'))
writer.commit()
reader.import(writer.export({ mode: 'update' }))

const shown = reader.getMap('users').get('ann')
console.log(JSON.stringify(shown), 'isAdmin:', shown.isAdmin)
process.exitCode = shown.isAdmin === undefined && Object.hasOwn(shown, '__proto__') ? 0 : 1
