"""The node agent: runs each pod as processes of this machine, as a kubelet runs it in containers."""
