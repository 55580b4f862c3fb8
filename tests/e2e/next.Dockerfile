# The operator's image with one difference in the pods that it asks for: what an upgrade to a later version is like.
ARG IMAGE
FROM ${IMAGE}
USER 0:0
RUN file=$(python -c 'from gungnir.resources import pod_template; print(pod_template.__file__)') \
 && sed -i 's/"readinessProbe": _probe(period_s=5,/"readinessProbe": _probe(period_s=4,/' "$file" && grep -q '_probe(period_s=4,' "$file" \
 && python -m compileall -q --invalidation-mode unchecked-hash -f "$file"
USER 65532:65532
