"""The plane: a process of its own that starts the pods' processes and relays all their traffic, and can cut it.

It is apart from the API server and the controllers so that neither disturbs the other, it is small and single-threaded
so that starting a process is cheap and safe, and it ends everything it started when its parent ends.
"""
