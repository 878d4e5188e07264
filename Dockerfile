# Two images: `service`, the web process and a worker on a CPU, without PyTorch; and `training`, with PyTorch and CUDA, for
# workers on a GPU, the training worker and exports of other backbones. docker-compose.yml says how they are started.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/app \
    BACKBONES_SHIPPED=/opt/backbones \
    MODEL_DIR=/data \
    TORCH_HOME=/data/hub/torch \
    HF_HOME=/data/hub/huggingface
RUN useradd --create-home --uid 1000 label-loop && install --directory --owner=label-loop --group=label-loop /data
WORKDIR /app
VOLUME /data
EXPOSE 9090
# http.client asks directly, whatever proxy the environment names.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-c", "\
import http.client, os, sys; \
web = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('PORT') or 9090), timeout=3); \
web.request('GET', '/health'); \
sys.exit(web.getresponse().status != 200)"]
# The web process; the worker is `python -m backend.worker`.
CMD ["gunicorn", "--config", "backend/gunicorn_config.py", "backend.web.app:create_app()"]

# The same for both images, and the last to enter them: a change of code installs nothing anew.
FROM scratch AS code
COPY backend /app/backend
COPY model /app/model
COPY scripts/__init__.py /app/scripts/__init__.py
COPY scripts/cli /app/scripts/cli
# `docker compose exec backend label-loop connect …` attaches a project.
COPY scripts/cli/label-loop /usr/local/bin/label-loop

FROM base AS pytorch
COPY requirements.txt ./
# --no-deps: the file is complete, and label-studio-ml 1.0.9 asks for obsolete releases of what is in it.
RUN python -m pip install --no-cache-dir --require-hashes --no-deps --requirement requirements.txt

# /data is a volume, which hides what an image has there: a worker copies the backbone from here as it starts.
FROM pytorch AS export
COPY model ./model
RUN python -m model.networks.export efficientnet-lite0 /opt/backbones/efficientnet-lite0

FROM pytorch AS training
COPY --from=export /opt/backbones /opt/backbones
COPY --from=code / /
USER label-loop

FROM base AS service
COPY requirements-service.txt ./
RUN python -m pip install --no-cache-dir --require-hashes --no-deps --requirement requirements-service.txt
COPY --from=export /opt/backbones /opt/backbones
COPY --from=code / /
USER label-loop
