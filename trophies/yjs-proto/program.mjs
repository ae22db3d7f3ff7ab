// An object with a member `__proto__`, as JSON.parse makes one, is put into a Y.Map and synchronized.

import * as Y from 'yjs'

const writer = new Y.Doc()
const reader = new Y.Doc()
writer.getMap('users').set('ann', JSON.parse('{"name":"Ann","__proto__":{"isAdmin":true}}'))
Y.applyUpdate(reader, Y.encodeStateAsUpdate(writer))

const [there, here] = [writer, reader].map((doc) => doc.getMap('users').get('ann'))
console.log('writer:', JSON.stringify(there), 'isAdmin:', there.isAdmin)
console.log('reader:', JSON.stringify(here), 'isAdmin:', here.isAdmin)
process.exitCode = JSON.stringify(there) === JSON.stringify(here) && here.isAdmin === undefined ? 0 : 1
