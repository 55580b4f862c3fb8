"""Sans-I/O RESP codec and the typed Valkey commands and replies that the operator uses."""
