# The operator's image. Stage one installs pinned wheels into one folder and compiles them; stage two is the base image plus that folder.
# It runs as uid 65532 on a read-only root file system and starts no shell.
ARG BASE_IMAGE=python:3.11-slim

FROM ${BASE_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python3 -m venv /opt/gungnir && python3 -m venv /opt/build
COPY lock/ lock/
RUN /opt/gungnir/bin/pip install --require-hashes --only-binary :all: -r lock/image.txt \
 && /opt/build/bin/pip install --require-hashes --only-binary :all: -r lock/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY gungnir/ gungnir/
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /opt/dist . \
 && /opt/gungnir/bin/pip install --no-deps --no-index /opt/dist/*.whl \
 && /opt/gungnir/bin/pip uninstall --yes --quiet setuptools pip \
 && /opt/gungnir/bin/python -m compileall -q --invalidation-mode unchecked-hash -f /opt/gungnir/lib

FROM ${BASE_IMAGE}
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="gungnir" \
      org.opencontainers.image.description="A Kubernetes operator for Valkey" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${COMMIT}"
# The bytecode was compiled above and is not checked against its source; the process itself writes no file. BUILD_COMMIT is what `gungnir version` prints.
ENV PATH=/opt/gungnir/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    BUILD_COMMIT=${COMMIT}
# Nothing is installed at run time: the base image's own installer goes, where the official image and Debian's packages put it.
RUN rm -rf /usr/local/bin/pip* /usr/local/bin/wheel /usr/local/lib/python3*/ensurepip \
      /usr/local/lib/python3*/site-packages/pip* /usr/local/lib/python3*/site-packages/setuptools* \
      /usr/local/lib/python3*/site-packages/wheel* /usr/local/lib/python3*/site-packages/pkg_resources \
      /usr/bin/pip* /usr/bin/wheel /usr/lib/python3*/ensurepip /usr/lib/python3/dist-packages/pip* \
      /usr/lib/python3/dist-packages/setuptools* /usr/lib/python3/dist-packages/wheel* /usr/share/python-wheels
COPY --from=build /opt/gungnir /opt/gungnir
WORKDIR /
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["gungnir"]
CMD ["run"]
