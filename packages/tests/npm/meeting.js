// Two Yjs documents add one key apart; the first removes it again, and they meet.
//
// The removal has not seen the other document's addition, so in an OR-Set the key stays. A map of Yjs keeps it only
// if the other document has the greater client id.

import { History } from "rejoin";
import * as Y from "yjs";

// The history of the meeting of documents with these client ids.
export function meeting(first, second) {
  const replicas = [String(first), String(second)];
  const history = new History({ replicas, objects: { tags: { type: "or-set" } } });
  const docs = [first, second].map((id) => Object.assign(new Y.Doc(), { clientID: id }));
  for (const [at, replica] of replicas.entries()) {
    docs[at].getMap("tags").set("urgent", true);
    history.record("op", { replica, object: "tags", op: "add", element: "urgent" });
  }
  docs[0].getMap("tags").delete("urgent");
  history.record("op", { replica: replicas[0], object: "tags", op: "remove", element: "urgent" });
  Y.applyUpdate(docs[1], Y.encodeStateAsUpdate(docs[0]));
  history.record("merge", { replica: replicas[1], from: replicas[0] });
  history.record("read", { replica: replicas[1], object: "tags", value: new Set(docs[1].getMap("tags").keys()) });
  return history;
}
