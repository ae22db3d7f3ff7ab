"""Two pycrdt documents add one key apart; the first removes it again, and they meet.

The removal has not seen the other document's addition, so in an OR-Set the key stays. A map of Yjs keeps it only if the
other document has the greater client id.
"""

from pycrdt import Doc, Map


def meeting(make, first, second):
    """Records the meeting of documents with these client ids by the recorder that `make` gives for a header."""
    trace = make(replicas=[str(first), str(second)], objects={"tags": {"type": "or-set"}})
    docs = {client: Doc(client_id=client) for client in (first, second)}
    tags = {client: doc.get("tags", type=Map) for client, doc in docs.items()}
    for client in (first, second):
        tags[client]["urgent"] = True
        trace.record("op", replica=str(client), object="tags", op="add", element="urgent")
    del tags[first]["urgent"]
    trace.record("op", replica=str(first), object="tags", op="remove", element="urgent")
    docs[second].apply_update(docs[first].get_update())
    trace.record("merge", replica=str(second), from_=str(first))
    trace.record("read", replica=str(second), object="tags", value=set(tags[second]))
    return docs, tags
