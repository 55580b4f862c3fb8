"""The CRD: names, pydantic models, validation, and the generator of deploy/crds."""
