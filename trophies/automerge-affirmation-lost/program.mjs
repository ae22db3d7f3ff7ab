// Ann sees a conflict and assigns the key once more; Bob, who saw only his own assignment, deletes the key.

import * as A from '@automerge/automerge'

const first = A.from({ approved: {} }, { actor: '00' })
let ann = A.clone(first, { actor: 'aa' })
let bob = A.clone(first, { actor: 'bb' })
ann = A.change(ann, (doc) => { doc.approved.plan = true })
bob = A.change(bob, (doc) => { doc.approved.plan = true })
ann = A.merge(ann, bob)

ann = A.change(ann, (doc) => { doc.approved.plan = true })
console.log('the operation of the last assignment:', A.decodeChange(A.getLastLocalChange(ann)).ops[0])
bob = A.change(bob, (doc) => { delete doc.approved.plan })

ann = A.merge(ann, bob)
bob = A.merge(bob, ann)
console.log('ann:', { ...ann.approved }, 'bob:', { ...bob.approved })
process.exitCode = ann.approved.plan === true ? 0 : 1
