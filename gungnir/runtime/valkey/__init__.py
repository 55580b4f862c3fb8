"""Connections to the pods' servers: the transport, the fenced session, and the monitor that keeps watching."""
