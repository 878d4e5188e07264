# One image for the web process and the worker; docker-compose.yml says how they are started.
ARG BASE=python:3.11-slim-bookworm
FROM ${BASE}

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MODEL_DIR=/data \
    TORCH_HOME=/data/hub/torch \
    HF_HOME=/data/hub/huggingface

RUN useradd --create-home --uid 1000 label-loop && install --directory --owner=label-loop --group=label-loop /data

WORKDIR /app
COPY requirements.txt ./
# --no-deps: the file is complete, and label-studio-ml 1.0.9 asks for obsolete releases of what is in it.
RUN python -m pip install --no-cache-dir --require-hashes --no-deps --requirement requirements.txt
COPY backend ./backend
COPY model ./model
# `docker compose exec backend python -m scripts.cli connect …` attaches a project.
COPY scripts/__init__.py ./scripts/__init__.py
COPY scripts/cli ./scripts/cli

USER label-loop
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
