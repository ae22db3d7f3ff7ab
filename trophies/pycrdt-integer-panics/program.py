"""Puts an integer of more than 64 bits into a map. It must be stored or refused by an exception."""

from pycrdt import Doc, Map

settings = Doc().get("settings", type=Map)
try:
    settings["size"] = 2**63
except Exception as error:
    print("refused:", error)
except BaseException as error:
    print(f"{type(error).__name__} is no Exception:", error)
    raise SystemExit(1)
